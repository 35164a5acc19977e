// An attacker's web server on this machine, which a person's browser knows by two names.
// `sites` differ by what the browser sends along from there: from another site no cookies
// with a form or in a frame, from another origin of the same site all of them.
//
//   const attacker = await Attacker.start(world);
//   attacker.pages['/'] = form(action, fields);
//   await ana.page.goto(attacker.sites['another site']);
//   await attacker.stop();
import { once } from 'node:events';
import { createServer } from 'node:https';

export const OTHER_SITE = 'another site';
export const SAME_SITE = 'another origin of the same site';

const escapes = { '&': '&amp;', '"': '&quot;', '<': '&lt;' };
export const attribute = (text) => String(text).replace(/[&"<]/g, (c) => escapes[c]);

export class Attacker {
  // What it shows, by path.
  pages = {};
  sites = {};

  static async start(world) {
    const attacker = new Attacker();
    const { cert, key } = world.authority.server('attacker');
    attacker.http = createServer({ cert, key }, (request, response) => {
      const html = attacker.pages[request.url];
      response.writeHead(html === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(`<!doctype html>${html ?? ''}`);
    });
    attacker.http.listen(0, '127.0.0.1');
    await once(attacker.http, 'listening');
    const { port } = attacker.http.address();
    // The vault is at localhost.
    attacker.sites[OTHER_SITE] = `https://127.0.0.1:${port}`;
    attacker.sites[SAME_SITE] = `https://localhost:${port}`;
    return attacker;
  }

  async stop() {
    this.http.closeAllConnections();
    this.http.close();
    await once(this.http, 'close');
  }
}

// A form that sends `fields`, and its button "Win".
export function form(action, fields, { target = '_self' } = {}) {
  const inputs = Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${attribute(name)}" value="${attribute(value)}">`);
  return `<h1>Prizes</h1>
<form method="post" action="${attribute(action)}" target="${target}">${inputs.join('')}<button>Win</button></form>`;
}
