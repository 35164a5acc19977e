// Known secrets go through journeys, and are then looked for wherever they may not
// be. A canary hears of both: of secrets by value, of places by name.
//
//   const canary = new Canary();
//   canary.secret('client secret', 'calendar-secret');
//   canary.place('log', world.vault.log);
//   assert.deepEqual(canary.finds(), []);
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { linksOf, Person } from './person.mjs';

export class Canary {
  secrets = new Map();
  places = [];

  secret(kind, value) {
    assert.ok(value?.length >= 12, `no ${kind}`);
    this.secrets.set(value, kind);
  }

  place(name, content) {
    this.places.push([name, typeof content === 'string' ? content : JSON.stringify(content)]);
  }

  // The database and what is beside it, as bytes.
  placeFiles(dir, when) {
    for (const file of readdirSync(dir).filter((name) => /^vault\.db/.test(name))) {
      this.place(`${file} ${when}`, readFileSync(join(dir, file), 'latin1'));
    }
  }

  // "kind in place" of each find, by the forms in which bytes travel: as they
  // are, and in hexadecimal and base64.
  finds(allowed = () => false) {
    const found = new Set();
    for (const [value, kind] of this.secrets) {
      const bytes = Buffer.from(value, 'latin1');
      const forms = [value, encodeURIComponent(value), bytes.toString('hex'),
        bytes.toString('base64').replace(/=+$/, ''), bytes.toString('base64url')];
      for (const [place, content] of this.places) {
        if (!allowed(kind, place) && forms.some((form) => content.includes(form))) {
          found.add(`${kind} in ${place}`);
        }
      }
    }
    return [...found].sort();
  }
}

// A person whose every page, cookie, code and state the canary hears of.
export class WatchedPerson extends Person {
  constructor(world, canary) {
    super({ ca: world.authority.ca });
    Object.assign(this, { world, canary });
  }

  async visit(url, options = {}) {
    const page = await super.visit(url, options);
    for (const address of page.path) this.#hear(address);
    if (page.url.startsWith(this.world.publicUrl) && page.status > 0) {
      const { pathname } = new URL(page.url);
      this.canary.place(`page /${pathname.split('/')[1]}`, page.body);
      this.canary.place('headers of a page', page.headers);
    }
    for (const value of this.cookieValues(this.world.publicUrl)) {
      this.canary.secret('cookie', value);
    }
    for (const { href } of linksOf(page.body)) {
      if (href?.includes('state=')) this.#hear(new URL(href, page.url).href);
    }
    return page;
  }

  #hear(address) {
    const { searchParams } = new URL(address);
    for (const kind of ['code', 'state']) {
      if (searchParams.has(kind)) this.canary.secret(kind, searchParams.get(kind));
    }
  }
}
