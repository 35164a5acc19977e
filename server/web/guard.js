// Keeps a decision from being made by accident, or by another page that led a
// double click here: the buttons do nothing until this page has been in view
// and in focus for a moment, and then only for a press that began on them. A
// key that is pressed after that moment is as good. The server takes a yes only
// with the field that is set here, or with the code typed by hand.
'use strict';
(() => {
  const LOOK_FOR = 800; // milliseconds
  const form = document.querySelector('form[data-guarded]');
  if (!form) return;
  const buttons = form.querySelectorAll('button[name=decision]');
  let timer = 0;
  let ready = false;
  let pressed = null;

  const setReady = (is) => {
    ready = is;
    pressed = null;
    for (const button of buttons) button.setAttribute('aria-disabled', String(!is));
  };
  const look = () => {
    clearTimeout(timer);
    setReady(false);
    if (document.visibilityState === 'visible' && document.hasFocus()) {
      timer = setTimeout(setReady, LOOK_FOR, true);
    }
  };

  for (const button of buttons) {
    button.addEventListener('pointerdown', (event) => {
      pressed = ready && event.isTrusted ? button : null;
    });
    button.addEventListener('click', (event) => {
      // A click that the keyboard made has no count.
      const began_here = pressed === button || event.detail === 0;
      if (ready && event.isTrusted && began_here) {
        form.elements.guard.value = 'seen';
      } else {
        event.preventDefault();
      }
    });
  }
  addEventListener('focus', look);
  addEventListener('blur', look);
  addEventListener('pageshow', look);
  document.addEventListener('visibilitychange', look);
  look();
})();
