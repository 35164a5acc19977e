// The headers that every page comes with, whatever it says.
import assert from 'node:assert/strict';

const HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'self'; img-src 'self'; " +
    "script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; " +
    "base-uri 'none'; require-trusted-types-for 'script'; report-to csp",
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
};

// Permissions-Policy is long: it must switch off what counts, and switch on nothing.
const SWITCHED_OFF = ['accelerometer', 'autoplay', 'bluetooth', 'browsing-topics', 'camera',
  'clipboard-read', 'clipboard-write', 'display-capture', 'encrypted-media', 'fullscreen',
  'geolocation', 'gyroscope', 'hid', 'identity-credentials-get', 'idle-detection', 'local-fonts',
  'magnetometer', 'microphone', 'midi', 'payment', 'picture-in-picture',
  'publickey-credentials-get', 'screen-wake-lock', 'serial', 'storage-access', 'usb',
  'web-share', 'xr-spatial-tracking'];

// The values of one header of an answer, whose `headers` are a list of {name, value}.
export function valuesOf({ headers }, wanted) {
  return headers.filter(({ name }) => name.toLowerCase() === wanted).map(({ value }) => value);
}

// That `answer`, {url, headers}, has each of them once. `publicUrl` is the vault's.
export function assertPageHeaders(answer, publicUrl) {
  const expected = { ...HEADERS, 'reporting-endpoints': `csp="${publicUrl}/csp-report"` };
  for (const [name, value] of Object.entries(expected)) {
    assert.deepEqual(valuesOf(answer, name), [value], `${name} of ${answer.url}`);
  }
  const policies = valuesOf(answer, 'permissions-policy');
  assert.equal(policies.length, 1, `permissions-policy of ${answer.url}`);
  const parts = policies[0].split(', ');
  assert.deepEqual(parts.filter((part) => !part.endsWith('=()')), [], answer.url);
  for (const feature of SWITCHED_OFF) {
    assert.ok(parts.includes(`${feature}=()`), `${feature} of ${answer.url}`);
  }
}
