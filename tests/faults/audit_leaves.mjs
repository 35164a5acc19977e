// The token ids of the audit log's grants, read from the database itself.
import { DatabaseSync } from 'node:sqlite';

const GRANTS = `SELECT sequence, json_extract(leaf, '$.token_id') AS id FROM audit
  WHERE kind = 'token.granted' AND sequence > ? ORDER BY sequence`;

export class AuditLeaves {
  #path;
  #read = 0;

  constructor(path) { this.#path = path; }

  // Those since the last look. The daemon may be at work, or dead.
  look() {
    const database = new DatabaseSync(this.#path, { readOnly: true });
    try {
      database.exec('PRAGMA busy_timeout = 5000');
      const leaves = database.prepare(GRANTS).all(this.#read);
      this.#read = leaves.at(-1)?.sequence ?? this.#read;
      return new Set(leaves.map(({ id }) => id));
    } finally {
      database.close();
    }
  }
}
