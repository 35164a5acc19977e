// Debian's Chromium, without a window. $TOKENVAULT_CHROMIUM names another one.
import { chromium } from 'playwright-core';

// Flags that keep it from talking to anyone but the pages under test.
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export function launchBrowser() {
  return chromium.launch({
    executablePath: process.env.TOKENVAULT_CHROMIUM ?? '/usr/bin/chromium', args: ARGS,
  });
}

// A person's own browser: nothing shared with other contexts. The tests' own
// authority is not in Chromium's store, hence ignoreHTTPSErrors.
export function newPerson(browser, options = {}) {
  return browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', ...options });
}
