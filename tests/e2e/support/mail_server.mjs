// A mail server as far as handing mail over goes (RFC 5321): TLS from the first
// byte or by STARTTLS, a login by AUTH PLAIN, and one refusal for the asking. It takes nothing
// that did not come under TLS from somebody who logged in.
//
//   const server = await MailServer.start({ tls, username, password, implicit: true });
//   server.refuseNext('451 4.3.0 not now');
//   const mail = await server.next();     // {from, to, headers, body}
import { EventEmitter, once } from 'node:events';
import { createServer } from 'node:net';
import { TLSSocket } from 'node:tls';

export class MailServer {
  // What came, oldest first; and what was refused.
  mails = [];
  refused = 0;
  #wrote = new EventEmitter();
  #sockets = new Set();
  #refusals = [];

  static async start(options) {
    const server = new MailServer();
    Object.assign(server, options);
    server.listener = createServer((socket) => server.#accept(socket)).listen(0, '127.0.0.1');
    await once(server.listener, 'listening');
    server.port = server.listener.address().port;
    server.url = `${server.implicit ? 'smtps' : 'smtp'}://localhost:${server.port}`;
    return server;
  }

  refuseNext(answer) { this.#refusals.push(answer); }

  // The first mail behind those that were there: waits for it.
  async next(after = this.mails.length) {
    while (this.mails.length <= after) {
      await once(this.#wrote, 'mail', { signal: AbortSignal.timeout(20_000) });
    }
    return this.mails[after];
  }

  #accept(socket) {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => {});
    this.#talk(this.implicit ? this.#secure(socket) : socket, this.implicit, true);
  }

  #secure(socket) {
    const secure = new TLSSocket(socket, { isServer: true, cert: this.tls.cert, key: this.tls.key });
    secure.on('error', () => {});
    return secure;
  }

  #talk(socket, isSecure, greets) {
    let buffer = '';
    let letter = null;
    let known = false;
    let isAsked = false; // for the login: the next line is it
    let mail = {};
    const say = (line) => socket.write(`${line}\r\n`);
    const logIn = (login) => {
      const [, user, password] = Buffer.from(login, 'base64').toString().split('\0');
      known = isSecure && user === this.username && password === this.password;
      isAsked = false;
      say(known ? '235 welcome' : '535 5.7.8 no');
    };
    const commands = {
      EHLO: () => say(`250-localhost\r\n${isSecure ? '250 AUTH PLAIN' : '250 STARTTLS'}`),
      STARTTLS: () => {
        say('220 go on');
        socket.removeAllListeners('data');
        this.#talk(this.#secure(socket), true, false);
      },
      AUTH: (rest) => {
        const [mechanism, login] = rest.split(' ');
        if (mechanism !== 'PLAIN') return say('504 5.5.4 only PLAIN');
        if (login) return logIn(login);
        isAsked = true;
        return say('334 ');
      },
      MAIL: (rest) => {
        mail = { from: /<(.*)>/.exec(rest)[1] };
        say(known ? '250 fine' : '530 5.7.0 log in first');
      },
      RCPT: (rest) => {
        const refusal = this.#refusals.shift();
        if (refusal) this.refused += 1;
        mail.to = /<(.*)>/.exec(rest)[1];
        say(refusal ?? '250 fine');
      },
      DATA: () => { letter = []; say('354 go on'); },
      RSET: () => say('250 fine'),
      QUIT: () => { say('221 bye'); socket.end(); },
    };
    socket.on('data', (part) => {
      buffer += part.toString('latin1');
      for (let end = buffer.indexOf('\r\n'); end >= 0; end = buffer.indexOf('\r\n')) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        if (isAsked) {
          logIn(line);
        } else if (letter === null) {
          const [word, rest] = [line.split(' ')[0].toUpperCase(), line.slice(line.indexOf(' ') + 1)];
          (commands[word] ?? (() => say('502 what')))(rest);
        } else if (line !== '.') {
          letter.push(line.replace(/^\./, ''));
        } else {
          this.mails.push({ ...mail, ...read(letter), isSecure });
          letter = null;
          say('250 taken');
          this.#wrote.emit('mail');
        }
      }
    });
    if (greets) say('220 localhost ESMTP');
  }

  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    this.listener.close();
    await once(this.listener, 'close');
  }
}

// A plain text mail: its headers by name in lower case, encoded words decoded,
// and its body.
function read(lines) {
  const split = lines.indexOf('');
  const headers = Object.fromEntries(lines.slice(0, split).join('\r\n').replace(/\r\n[ \t]/g, ' ').split('\r\n')
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)
      .replace(/\?= =\?/g, '?==?')
      .replace(/=\?utf-8\?B\?([^?]*)\?=/g, (_all, text) => Buffer.from(text, 'base64').toString())]));
  const text = lines.slice(split + 1).join('');
  return { headers, body: Buffer.from(text, 'base64').toString() };
}
