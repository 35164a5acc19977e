#pragma once

#include <string>

#include "server/http_types.h"
#include "server/web_visit.h"
#include "vault/directory.h"
#include "vault/worker_pool.h"

namespace tokenvault {

// Makes one page; `segment` is what the address is about, or "".
using PageAnswer = WebResponse (*)(const WebVisit& visit,
                                   const std::string& segment);

// The pages of people: which address is which page. Rules are in the vault's
// floor, words in server/page_*.h; web_sign_in.h, web_consent.h, web_outcome.h,
// web_my_connections.h, web_disconnect.h, web_activity.h and web_operator.h
// turn one into the other.
//
// Every answer has the headers of AddPageHeaders. Work runs on the pool.
class WebPages {
 public:
  WebPages(WebParts parts, const DirectoryHolder& directory, WorkerPool& pool);

  void Handle(WebRequest request, WebRespond respond);

 private:
  WebResponse Route(const WebRequest& request);
  WebResponse Visit(const WebRequest& request, PageAnswer answer,
                    const std::string& segment);

  const WebParts parts_;
  const DirectoryHolder& directory_;
  WorkerPool& pool_;
};

}  // namespace tokenvault
