// The course of a run of many parts: what it says on its way, what ends it too soon,
// and its last lines.
//
//   const course = new Course(score, { out });
//   course.say('random kill 7/40');
//   await course.through(parts, runPart);
//   course.finish();
import process from 'node:process';

export class Course {
  stopped = false;
  #began = Date.now();
  #spoken = 0;

  // `out` is a file for the score, or ''. `more` is added to the last line.
  constructor(score, { out = '', more = () => '' } = {}) {
    Object.assign(this, { score, out, more });
    this.say = this.say.bind(this);
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.on(signal, () => {
        if (this.stopped) process.exit(1);
        this.stopped = true;
        this.say(score.fail(`stopped by ${signal}`), 'breach');
      });
    }
    for (const event of ['uncaughtException', 'unhandledRejection']) {
      process.on(event, (error) => {
        score.fail(`${event}: ${error?.stack ?? error}`);
        this.finish();
      });
    }
  }

  // A line every two seconds at most; results and breaches at once.
  say(text, kind = 'progress') {
    const now = Date.now();
    if (kind === 'progress' && now - this.#spoken < 2000) return;
    this.#spoken = now;
    const seconds = ((now - this.#began) / 1000).toFixed(0).padStart(4);
    process.stdout.write(`${seconds} s  ${kind === 'breach' ? 'BREACH  ' : ''}${text}\n`);
  }

  async repeat(count, name, work) {
    for (let i = 0; i < count && !this.stopped; i += 1) {
      this.say(`${name} ${i + 1}/${count}`);
      await work(i);
    }
  }

  // Each part, also after one that failed.
  async through(parts, runPart) {
    this.say(`seed ${this.score.seed}`, 'result');
    for (const part of parts) {
      if (this.stopped) break;
      this.score.part = part;
      try {
        await runPart(part);
      } catch (error) {
        this.say(this.score.fail(error.stack), 'breach');
      }
      this.score.parts.push(part);
      if (this.out) this.score.write(this.out);
    }
  }

  finish() {
    const { score } = this;
    if (this.out) score.write(this.out);
    process.stdout.write(`${score.table()}\n`);
    for (const remark of score.remarks) process.stdout.write(`${remark}\n`);
    for (const failure of score.failures) process.stdout.write(`failed: ${failure.split('\n')[0]}\n`);
    process.stdout.write(`${score.lastLine()}${this.more()}\n`);
    // All is counted: what sockets and workers of the last part still have to say
    // changes nothing, and must not end us otherwise.
    process.exit(score.sound ? 0 : 1);
  }
}
