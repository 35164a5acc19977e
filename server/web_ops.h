#pragma once

#include "server/http_types.h"
#include "server/metrics.h"
#include "server/readiness.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/notices.h"
#include "vault/refresher.h"
#include "vault/stops.h"
#include "vault/worker_pool.h"

namespace tokenvault {

// What machines ask the HTTP listener for:
//
//   /livez    200 while the process runs
//   /readyz   200 when the vault can do its work, else 503
//   /metrics  for a collector on this host: a peer on loopback or a Unix
//             socket that no proxy speaks for. Anyone else gets 404.
//   /.well-known/oauth-protected-resource   RFC 9728: who issues the
//             credentials that the vault takes
//   /.well-known/oauth-client.json   who the vault is, for servers that know a
//             client by such a document; 404 where no provider needs it
//
// Thread-safe; never blocks.
class WebOps {
 public:
  WebOps(const DirectoryHolder& directory, const Readiness& readiness,
         Store& store, const Refresher& refresher, const Stops& stops,
         const Notifier& notifier, Metrics& metrics, WorkerPool& pool);

  static bool Serves(const std::string& path);

  void Handle(WebRequest request, WebRespond respond);

 private:
  WebResponse ProtectedResource() const;
  WebResponse ClientDocument() const;
  void ServeMetrics(WebRespond respond);

  const DirectoryHolder& directory_;
  const Readiness& readiness_;
  Store& store_;
  const Refresher& refresher_;
  const Stops& stops_;
  const Notifier& notifier_;
  Metrics& metrics_;
  WorkerPool& pool_;
};

}  // namespace tokenvault
