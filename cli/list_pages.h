#pragma once

#include "absl/status/statusor.h"
#include "cli/channel.h"

namespace tokenvault {

// Fetches every page of a list and returns them as one answer without a page
// token. `page` reads one: StatusOr<Response>(const Request&).
template <typename Response, typename Request, typename FetchPage>
absl::StatusOr<Response> FetchAllPages(Request request, FetchPage page) {
  request.set_page_size(500);
  Response all;
  while (true) {
    absl::StatusOr<Response> next = page(request);
    if (!next.ok()) return next.status();
    const std::string token = next->next_page_token();
    // Repeated fields are joined by it.
    all.MergeFrom(*next);
    if (token.empty()) break;
    request.set_page_token(token);
  }
  all.clear_next_page_token();
  return all;
}

}  // namespace tokenvault
