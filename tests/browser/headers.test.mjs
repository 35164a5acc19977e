// The headers of what the vault tells browsers: of every page, of every way there, and
// of what is no page.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { findingsOf } from '../e2e/support/content_security_policy.mjs';
import { send } from '../e2e/support/http.mjs';
import { assertPageHeaders, valuesOf } from './page_headers.mjs';
import { PAGES, show, startVisitors } from './pages.mjs';

let visitors;
before(async () => { visitors = await startVisitors(); });
after(() => visitors?.stop());

const typeOf = (answer) => valuesOf(answer, 'content-type')[0] ?? '';

describe('the headers', () => {
  for (const one of PAGES) {
    test(`of the page "${one.name}" are those of every page, and so are those of the way there`, async () => {
      const visitor = await show(one, visitors);
      try {
        const answers = (await Promise.all(visitor.seen)).filter((answer) => !/^text\/css/.test(typeOf(answer)));
        const shown = answers.findLast(({ url }) => url === visitor.shown.url());
        assert.equal(typeOf(shown), 'text/html; charset=utf-8');
        for (const answer of answers) assertPageHeaders(answer, visitors.world.publicUrl);
      } finally {
        await one.leave?.(visitors);
      }
    });
  }
});

describe('an answer that is no page', () => {
  // As a browser would send it, without one: they do not make such requests.
  const answerTo = async (path, options) => {
    const url = `${visitors.world.publicUrl}${path}`;
    const answer = await send(url, { ca: visitors.world.authority.ca, ...options });
    const headers = Object.entries(answer.headers)
      .flatMap(([name, value]) => [value].flat().map((each) => ({ name, value: each })));
    return { ...answer, url, headers };
  };
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
  const ODD = [
    ['a POST to where there is no page', 404, '/nowhere', { method: 'POST', headers: FORM, body: 'a=1' }],
    ['a path that climbs', 404, '/c/..%2f..%2fme', {}],
    ['a callback by POST', 405, '/cb/default.calendar', { method: 'POST', headers: FORM, body: 'code=1&state=2' }],
    ['a DELETE of my connections', 405, '/me', { method: 'DELETE' }],
    ['a GET of signing out', 405, '/signout', {}],
    ['a link preview', 405, '/c/abc', { method: 'HEAD' }],
    ['a query that is none', 403, '/cb/default.calendar?code=%zz', {}],
  ];
  for (const [what, status, path, options] of ODD) {
    test(`has the headers of pages: ${what}`, async () => {
      const answer = await answerTo(path, options);
      assert.equal(answer.status, status);
      assertPageHeaders(answer, visitors.world.publicUrl);
    });
  }

  // Refused by the server before it is known what was asked for, and read by no browser
  // as a page: plain words.
  const REFUSED = [
    ['a body that is too large', 413, '/me', { method: 'POST', headers: FORM, body: `a=${'a'.repeat(4 << 20)}` }],
    ['a head that is too large', 431, '/me', { headers: { 'x-long': 'a'.repeat(40_000) } }],
    ['an address for another server', 421, '/me', { headers: { host: 'evil.example.test' }, servername: 'localhost' }],
    ['a method of no web page', 501, '/me', { method: 'PROPFIND' }],
    ['two lengths', 400, '/me', { headers: { 'transfer-encoding': 'gzip' }, method: 'POST' }],
  ];
  for (const [what, status, path, options] of REFUSED) {
    test(`is never HTML, and shows nothing of what was sent: ${what}`, async () => {
      const answer = await answerTo(path, options);
      assert.equal(answer.status, status);
      assert.match(typeOf(answer), /^text\/plain/);
      assert.ok(answer.body.length < 64 && !/[<>]/.test(answer.body), answer.body);
    });
  }
});

describe('the Content-Security-Policy', () => {
  test('has no finding of medium severity or above by CSP Evaluator', async () => {
    const answer = await send(`${visitors.world.publicUrl}/me`, { ca: visitors.world.authority.ca });
    const findings = findingsOf(answer.headers['content-security-policy']);
    assert.deepEqual(findings.filter(({ grave }) => grave), []);
    // What is left asks whether we host files or scripts of others. We do not.
    assert.deepEqual(findings.map(({ directive, value, severity }) => [directive, value, severity]),
      [['script-src', "'self'", 'MEDIUM_MAYBE']]);
  });

  test('is judged by an evaluator that finds what is bad', () => {
    assert.ok(findingsOf("script-src 'unsafe-inline'").some(({ grave }) => grave));
  });
});
