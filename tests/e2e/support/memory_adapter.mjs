// Where one authorization server keeps its records. A server has its own, so two
// in a process know nothing of each other, and a test may look inside.
export class Records {
  #rows = new Map();

  // What oidc-provider asks for: an object a model, with these methods.
  adapter(model) {
    const rows = this.#rows;
    const key = (id) => `${model}:${id}`;
    const first = (test) => [...rows.values()].find(
      (row) => row.model === model && test(row.payload))?.payload;
    return {
      async upsert(id, payload) { rows.set(key(id), { model, payload }); },
      async find(id) { return rows.get(key(id))?.payload; },
      async findByUid(uid) { return first((payload) => payload.uid === uid); },
      async findByUserCode(code) { return first((payload) => payload.userCode === code); },
      async consume(id) {
        rows.get(key(id)).payload.consumed = Math.floor(Date.now() / 1000);
      },
      async destroy(id) { rows.delete(key(id)); },
      revokeByGrantId: async (grantId) => this.endGrant(grantId),
    };
  }

  // Everything that lives by this grant ends, as the protocol wants it.
  endGrant(grantId) {
    for (const [id, { payload }] of this.#rows) {
      if (payload.grantId === grantId) this.#rows.delete(id);
    }
  }

  // The payloads of one model: "AccessToken", "RefreshToken", "Grant".
  all(model) {
    return [...this.#rows.values()].filter((row) => row.model === model)
      .map((row) => row.payload);
  }

  remove(model, id) { this.#rows.delete(`${model}:${id}`); }
}
