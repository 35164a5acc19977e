// A small HTTPS client that trusts one authority, follows nothing by itself and
// keeps no connections: what a test sends is what it wrote.
import http from 'node:http';
import https from 'node:https';

// {status, headers, body}. `options`: method, headers, body, ca, cert and key for a
// client certificate, a signal that hangs up; the name that the server's certificate
// must have and the address to come from, where they are others than usual.
export function send(url, options = {}) {
  const { method = 'GET', headers = {}, body, signal, ca, cert, key, servername, localAddress } = options;
  const door = new URL(url).protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const request = door.request(url,
      { method, headers, signal, ca, cert, key, servername, localAddress, agent: false },
      (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => resolve({
          status: response.statusCode,
          headers: response.headers,
          body: Buffer.concat(parts).toString('utf8'),
        }));
      });
    request.setTimeout(30_000, () => request.destroy(new Error(`no answer from ${url}`)));
    request.on('error', reject);
    request.end(body);
  });
}

// A form post as browsers send it.
export function form(fields, headers = {}) {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  };
}
