// A person with a browser that has no window: keeps cookies per origin, follows
// redirects, reads forms and sends them. For journeys in which the pages' looks
// do not matter; those where they do are in tests/browser.
import { form, send } from './http.mjs';

function attributes(tag) {
  const found = {};
  for (const [, name, , , quoted, bare] of
    tag.matchAll(/([\w-]+)(=("([^"]*)"|([^\s>]+)))?/g)) {
    found[name.toLowerCase()] = unescape(quoted ?? bare ?? '');
  }
  return found;
}

function unescape(text) {
  return text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'").replace(/&amp;/g, '&');
}

// {action, method, fields, buttons} of each form of a page, in order.
export function formsOf(html) {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(
    ([, head, body]) => {
      const fields = [];
      for (const [, tag] of body.matchAll(/<input\b([^>]*)>/gi)) {
        const one = attributes(tag);
        const sent = !['checkbox', 'radio'].includes(one.type) || 'checked' in one;
        if (one.name && sent && !('disabled' in one)) fields.push([one.name, one.value ?? '']);
      }
      const buttons = [...body.matchAll(/<button\b([^>]*)>([\s\S]*?)<\/button>/gi)]
        .map(([, tag, label]) => ({
          ...attributes(tag), label: unescape(label.replace(/<[^>]*>/g, '').trim()),
        }));
      const { action = '', method = 'get' } = attributes(head);
      return { action, method: method.toLowerCase(), fields, buttons };
    });
}

// {href, label} of each link of a page, in order.
export function linksOf(html) {
  return [...html.matchAll(/<a\b([^>]*)>([\s\S]*?)<\/a>/gi)].map(([, tag, label]) => ({
    href: attributes(tag).href, label: unescape(label.replace(/<[^>]*>/g, '').trim()),
  }));
}

// The code that a page asks people to compare.
const codeOn = ({ body }) => /class="code-value"[^>]*>([^<]*)</.exec(body)?.[1] ?? '';

export class Person {
  #cookies = new Map();

  // `ca` is the authority this person's browser trusts.
  constructor({ ca, headers = {} }) {
    this.ca = ca;
    this.headers = headers;
  }

  // Goes there and on through redirects. Returns the page: {url, status, headers,
  // body, path}, where path holds every address on the way. `until` may stop
  // before an address is visited.
  async visit(url, options = {}) {
    const { until, ...request } = options;
    const path = [];
    let next = { url, ...request };
    for (let hops = 0; hops < 20; hops += 1) {
      path.push(next.url);
      if (until?.(next.url)) return { url: next.url, status: 0, headers: {}, body: '', path };
      const answer = await this.#send(next);
      const target = answer.headers.location;
      if (answer.status < 300 || answer.status > 399 || !target) {
        return { url: next.url, path, ...answer };
      }
      next = { url: new URL(target, next.url).href };
    }
    throw new Error(`redirected in a circle from ${url}`);
  }

  // Follows the first link whose words match.
  async follow(page, words, options = {}) {
    const found = linksOf(page.body).find(({ label }) => words.test(label));
    if (!found) throw new Error(`no link ${words} on ${page.url}: ${page.body}`);
    return this.visit(new URL(found.href, page.url).href, options);
  }

  // Fills in a form of `page` and presses the button with this label, a string or
  // a pattern. `changes` sets fields; null leaves one out.
  async press(page, label, changes = {}, options = {}) {
    const fits = (one) => (label instanceof RegExp ? label.test(one.label) : one.label === label);
    const found = formsOf(page.body).find((one) => one.buttons.some(fits));
    if (!found) throw new Error(`no button "${label}" on ${page.url}: ${page.body}`);
    const button = found.buttons.find(fits);
    const fields = found.fields.filter(([name]) => !(name in changes))
      // Without scripts, a person types the code that the agent shows: the page shows it too.
      .map(([name, value]) => (name === 'typed_code' ? [name, codeOn(page)] : [name, value]));
    for (const [name, value] of Object.entries(changes)) {
      if (value !== null) fields.push([name, value]);
    }
    if (button.name) fields.push([button.name, button.value ?? '']);
    const target = new URL(button.formaction || found.action || page.url, page.url);
    if (found.method === 'get') {
      target.search = new URLSearchParams(fields).toString();
      return this.visit(target.href, options);
    }
    // What a browser tells a server about where the form came from.
    const origin = {
      origin: new URL(page.url).origin,
      'sec-fetch-site': new URL(page.url).origin === target.origin
        ? 'same-origin' : 'cross-site',
      'sec-fetch-mode': 'navigate',
    };
    return this.visit(target.href, { ...form(fields, origin), ...options });
  }

  cookieNames(url) { return [...this.#jar(url).keys()]; }

  cookieValues(url) { return [...this.#jar(url).values()]; }

  // As after closing the browser.
  forgetCookies() { this.#cookies.clear(); }

  #jar(url) {
    const { origin } = new URL(url);
    if (!this.#cookies.has(origin)) this.#cookies.set(origin, new Map());
    return this.#cookies.get(origin);
  }

  async #send({ url, headers = {}, ...rest }) {
    const jar = this.#jar(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await send(url, {
      ...rest,
      ca: this.ca,
      headers: { ...this.headers, ...headers, ...(cookie ? { cookie } : {}) },
    });
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair, ...flags] = line.split(';');
      const [name, ...value] = pair.split('=');
      const gone = flags.some((flag) => {
        const [key, at] = flag.trim().split('=');
        return (key.toLowerCase() === 'max-age' && Number(at) <= 0) ||
          (key.toLowerCase() === 'expires' && Date.parse(at) <= Date.now());
      });
      if (gone) jar.delete(name.trim());
      else jar.set(name.trim(), value.join('='));
    }
    return answer;
  }
}

// At the provider's own pages: signs in when asked to, then allows or denies.
// `options` as for visit, for the way back. `without` unticks scopes.
export async function answerProvider(person, page, login, options = {}) {
  const { answer = 'Allow', without = [], ...rest } = options;
  let here = page;
  if (formsOf(here.body).some((one) => one.buttons.some((b) => b.label === 'Sign in'))) {
    here = await person.press(here, 'Sign in', { login }, rest);
  }
  if (!formsOf(here.body).some((one) => one.buttons.some((b) => b.label === 'Allow'))) {
    return here;
  }
  const left = without.length === 0 ? here : {
    ...here,
    body: without.reduce((body, scope) => body.replace(
      new RegExp(`(value="${scope}") checked`), '$1'), here.body),
  };
  return person.press(left, answer, {}, rest);
}
