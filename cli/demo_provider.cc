#include "cli/demo_provider.h"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "cli/demo_places.h"
#include "cli/html_form.h"
#include "cli/humanize.h"
#include "cli/loopback_http.h"
#include "cli/plain_text.h"
#include "cli/printer.h"
#include "tokenvault/v1/local_results.pb.h"

namespace tokenvault {
namespace {

using nlohmann::json;

// Where the time of day stands in "2026-11-23T09:14:02.250Z".
constexpr size_t kClockBegin = 11;
constexpr size_t kClockSize = 8;

absl::StatusOr<json> ParseObject(const HttpAnswer& answer) {
  json parsed = json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  if (answer.status != 200 || !parsed.is_object()) {
    return errors::FieldInvalid("answer",
                                "what answers there is no demo provider");
  }
  return parsed;
}

std::string TextOf(const json& object, const char* name) {
  auto it = object.find(name);
  if (it == object.end()) return "";
  return it->is_string() ? it->get<std::string>() : it->dump();
}

absl::StatusOr<json> FetchLedger(Session& session,
                                 const DemoLedgerOptions& options) {
  ASSIGN_OR_RETURN(DemoPlaces places, FindDemo(session));
  ASSIGN_OR_RETURN(
      HttpAnswer answer,
      HttpGet(absl::StrCat(places.provider_origin, "/ledger?",
                           EncodeForm({{"persona", options.persona}}))));
  return ParseObject(answer);
}

std::string EntriesTable(const Terminal& terminal, const json& ledger) {
  Table table(
      {"#", "time", "persona", "event", "person", "family", "token", "why"});
  for (const json& entry : ledger.value("entries", json::array())) {
    if (!entry.is_object()) continue;
    const std::string time = TextOf(entry, "time");
    std::vector<Cell> row = {
        TextOf(entry, "sequence"),
        time.size() > kClockBegin ? time.substr(kClockBegin, kClockSize) : ""};
    for (const char* column :
         {"persona", "event", "person", "family", "token", "why"}) {
      row.emplace_back(TextOf(entry, column));
    }
    table.Add(std::move(row));
  }
  return table.ToText(terminal, "nothing happened there yet");
}

std::string CountersTable(const Terminal& terminal, const json& ledger) {
  Table table({"PERSONA", "TOKEN CALLS", "FAMILIES", "REPLAYS", "REVOKED"});
  const json personas = ledger.value("personas", json::object());
  for (const auto& [name, counters] : personas.items()) {
    if (!counters.is_object()) continue;
    table.Add({name, TextOf(counters, "token_calls"),
               absl::StrCat(counters.value("families", json::object()).size()),
               TextOf(counters, "replays"),
               TextOf(counters, "families_revoked")});
  }
  return table.ToText(terminal, "");
}

}  // namespace

int RunDemoFault(Session& session, const DemoFaultOptions& options) {
  auto places = FindDemo(session);
  if (!places.ok()) return session.Fail(places.status(), FaultOrigin::kHere);
  auto answer =
      HttpPostForm(absl::StrCat(places->provider_origin, "/faults"),
                   EncodeForm({{"persona", options.persona},
                               {"fault", options.fault},
                               {"count", absl::StrCat(options.count)}}));
  if (!answer.ok()) return session.Fail(answer.status(), FaultOrigin::kHere);
  if (answer->status == 400) {
    return session.FailUsage(
        absl::StrCat("the demo has no fault ", options.fault, " at ",
                     options.persona),
        "'tokenvault demo fault --help' names them");
  }
  auto set = ParseObject(*answer);
  if (!set.ok()) return session.Fail(set.status(), FaultOrigin::kHere);
  v1::DemoFaultResult result;
  result.set_persona(options.persona);
  result.set_fault(options.fault);
  result.set_count(options.count);
  if (session.PrintedFor(result)) return kExitDone;
  session.terminal().Print(SanitizeText(absl::StrCat(
      options.persona, ": ", options.fault, " ",
      options.count == 0
          ? "is over"
          : absl::StrCat("strikes ", Counted(options.count, "call", "calls")),
      "\n")));
  return kExitDone;
}

int RunDemoLedger(Session& session, const DemoLedgerOptions& options) {
  auto ledger = FetchLedger(session, options);
  if (!ledger.ok()) return session.Fail(ledger.status(), FaultOrigin::kHere);
  if (session.format() != Format::kTable) {
    // In ASCII, so that nothing in it moves a terminal; YAML reads JSON.
    session.terminal().Print(
        absl::StrCat(ledger->dump(-1, ' ', /*ensure_ascii=*/true), "\n"));
    return kExitDone;
  }
  session.terminal().Print(EntriesTable(session.terminal(), *ledger));
  if (const json personas = ledger->value("personas", json::object());
      !personas.empty()) {
    session.terminal().Print(
        absl::StrCat("\n", CountersTable(session.terminal(), *ledger)));
  }
  return kExitDone;
}

}  // namespace tokenvault
