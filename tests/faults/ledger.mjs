// What an authorization server knows of every token it ever gave. It is strict:
// a refresh token works once, and who shows it again ends its whole family.
//
// Every event goes to memory and to a file, with the microsecond of the clock
// that all processes of this machine share. A token is named by its hash.
//
//   issued       {token, kind, family, generation, account, call}
//   used         {call, family, generation, account, rotated, fault}
//   delivered    {call, bytes}      every byte of the true answer was taken by
//                                   the kernel, and the socket was whole
//   undelivered  {call, why}        it was not, and never will be
//   replayed     {call, family, generation, account, usedBy}
//   revoked      {family, account, why}    "replay", "revocation", or "provider"
//                                          when it was the provider's own will
//   refused      {call, error, fault}      no work was done
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

// In every token, so that one can be found where none may be.
export const MARK = 'LedgerToken';
export const TOKEN = new RegExp(`${MARK}[RA][A-Za-z0-9_-]{32}`, 'g');

export const hashOf = (value) => createHash('sha256').update(value).digest('hex');

// Microseconds of CLOCK_MONOTONIC: the same in all processes.
export const microseconds = () => Number(process.hrtime.bigint() / 1000n);

// An answer that was not as it should be. What shows a used token again hears no.
export const isGarbage = ({ what, fault, error }) => Boolean(fault) && (what === 'used' || error === fault);

export class Ledger {
  events = [];
  calls = 0;
  garbage = 0;
  #file;
  #families = new Map();
  #tokens = new Map();

  constructor(path) { this.#file = openSync(path, 'a', 0o600); }

  close() { closeSync(this.#file); }

  write(what, facts) {
    const event = { at: microseconds(), what, ...facts };
    this.events.push(event);
    if (isGarbage(event)) this.garbage += 1;
    writeSync(this.#file, `${JSON.stringify(event)}\n`);
    return event;
  }

  newCall() {
    this.calls += 1;
    return this.calls;
  }

  // A new grant of `account`, with its first tokens.
  open(account, scopes, call, ttl) {
    const family = `f${this.#families.size + 1}`;
    this.#families.set(family, {
      family, account, scopes, generation: 0, revoked: false,
    });
    return this.#mintPair(family, scopes, call, ttl);
  }

  // {tokens} or {error}. `rotate` false leaves the refresh token as it is.
  refresh(value, wanted, { call, ttl, rotate = true, fault = '' }) {
    const known = this.#tokens.get(hashOf(value));
    const family = known?.kind === 'refresh' ? this.#families.get(known.family) : undefined;
    const facts = family
      ? { call, family: family.family, generation: known.generation, account: family.account } : { call };
    const refuse = (error) => {
      this.write('refused', { ...facts, error, fault });
      return { error };
    };
    if (!family || family.revoked) return refuse('invalid_grant');
    if (known.usedBy !== undefined) {
      this.write('replayed', { ...facts, usedBy: known.usedBy });
      this.#end(family, 'replay');
      return refuse('invalid_grant');
    }
    const scopes = wanted.length > 0 ? wanted : family.scopes;
    if (!scopes.every((scope) => family.scopes.includes(scope))) return refuse('invalid_scope');
    this.write('used', { ...facts, rotated: rotate, fault });
    if (!rotate) {
      return { tokens: { access: this.#mint('access', family, call, scopes, ttl), refresh: value, scopes } };
    }
    known.usedBy = call;
    return { tokens: this.#mintPair(family.family, scopes, call, ttl) };
  }

  // Why this access token is no good for `scope`, or "" when it is.
  problemOf(value, scope) {
    const known = this.#tokens.get(hashOf(value));
    if (known?.kind !== 'access') return 'unknown';
    if (this.#families.get(known.family).revoked) return 'revoked';
    if (known.until < microseconds()) return 'expired';
    return known.scopes.includes(scope) ? '' : 'scope';
  }

  accountOf(value) {
    return this.#families.get(this.#tokens.get(hashOf(value))?.family)?.account;
  }

  // Whether nothing of this account works any more.
  isOver(account) {
    return [...this.#families.values()].every((one) => one.account !== account || one.revoked);
  }

  revoke(value, why = 'revocation') {
    const known = this.#tokens.get(hashOf(value));
    if (known) this.#end(this.#families.get(known.family), why);
  }

  #end(family, why) {
    if (family.revoked) return;
    family.revoked = true;
    this.write('revoked', { family: family.family, account: family.account, why });
  }

  #mintPair(id, scopes, call, ttl) {
    const family = this.#families.get(id);
    family.generation += 1;
    return {
      access: this.#mint('access', family, call, scopes, ttl),
      refresh: this.#mint('refresh', family, call, scopes, ttl),
      scopes,
    };
  }

  #mint(kind, family, call, scopes, ttl) {
    const letter = kind === 'refresh' ? 'R' : 'A';
    const value = `${MARK}${letter}${randomBytes(24).toString('base64url')}`;
    const token = hashOf(value);
    const { generation, account } = family;
    this.#tokens.set(token, {
      kind, family: family.family, generation, scopes, until: microseconds() + ttl * 1e6,
    });
    this.write('issued', { token, kind, family: family.family, generation, account, call });
    return value;
  }
}
