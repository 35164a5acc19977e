#include "server/page_operator.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/page_parts.h"
#include "server/page_text.h"
#include "server/page_time.h"

namespace tokenvault {
namespace {

// Does not break, so that a number stays one.
constexpr char kHardSpace[] = "\u00A0";

void SetTasks(const OperatorPage& page, PageData& card) {
  const Messages& messages = *page.frame.messages;
  PageData list(PageData::type::list);
  for (const OperatorTask& task : page.tasks) {
    PageData one;
    one.set("what", task.what);
    if (task.since.has_value()) {
      one.set("since", MinuteText(*task.since, messages));
    }
    SetIf("command", PlainText(task.command), one);
    SetIf("document", PlainText(task.document), one);
    SetIf("section", PlainText(task.section), one);
    list << std::move(one);
  }
  card.set("no_tasks", page.tasks.empty());
  card.set("has_tasks", !page.tasks.empty());
  card.set("tasks", std::move(list));
}

void SetFigures(const OperatorPage& page, PageData& card) {
  const Messages& messages = *page.frame.messages;
  const absl::Duration age = page.now - page.start_time;
  card.set("hour",
           age < absl::Hours(1)
               ? messages.Say(
                     "operator.since_start",
                     {{"start", AgoText(page.start_time, page.now, messages)}})
               : messages.Say("operator.last_hour"));
  PageData list(PageData::type::list);
  for (const OperatorFigure& figure : page.figures) {
    PageData one;
    one.set("figure", figure.name);
    one.set("value", figure.value);
    list << std::move(one);
  }
  card.set("figures", std::move(list));
}

void SetProviders(const OperatorPage& page, PageData& card) {
  const Messages& messages = *page.frame.messages;
  PageData list(PageData::type::list);
  for (const ProviderLine& line : page.providers) {
    PageData one;
    one.set("provider", PlainName(line.name));
    one.set("worked", line.worked.empty() ? messages.Say("operator.no_refresh")
                                          : line.worked);
    one.set("connections", NumberText(line.connections));
    one.set("need_people", NumberText(line.need_people));
    one.set("narrows",
            messages.Say(line.narrows ? "operator.yes" : "operator.no"));
    one.set("ends_tokens", line.ends_tokens);
    list << std::move(one);
  }
  card.set("has_providers", !page.providers.empty());
  card.set("providers", std::move(list));
}

void SetAgents(const OperatorPage& page, PageData& card) {
  const Messages& messages = *page.frame.messages;
  PageData list(PageData::type::list);
  for (const AgentLine& line : page.agents) {
    PageData one;
    one.set("agent", PlainName(line.name));
    one.set("tokens", NumberText(line.tokens));
    one.set("people", line.people);
    one.set("policy_only", NumberText(line.policy_only));
    one.set("has_widest", !line.widest.says.empty());
    one.set("risk", PageData(false));
    SetScope(line.widest, messages, one);
    one.set("at", PlainName(line.widest_at));
    list << std::move(one);
  }
  card.set("has_agents", !page.agents.empty());
  card.set("agents", std::move(list));
  const auto shown = static_cast<int64_t>(page.agents.size());
  if (shown < page.all_agents) {
    card.set("busiest", true);
    card.set("shown", NumberText(shown));
    card.set("all", NumberText(page.all_agents));
  }
}

std::string WitnessText(const WitnessLine& line, const Messages& messages) {
  const std::string name = PlainText(line.name);
  if (line.size == 0) {
    return messages.Say("operator.witness_has_none", {{"witness", name}});
  }
  return messages.Say("operator.witness_has",
                      {{"witness", name},
                       {"size", NumberText(static_cast<int64_t>(line.size))},
                       {"time", MinuteText(line.time, messages)}});
}

void SetLog(const OperatorPage& page, PageData& card) {
  const Messages& messages = *page.frame.messages;
  card.set("leaves", NumberText(page.leaves));
  card.set("checkpoint",
           page.checkpoint_size == 0
               ? messages.Say("operator.none_yet")
               : messages.Say(
                     "operator.checkpoint_of",
                     {{"size",
                       NumberText(static_cast<int64_t>(page.checkpoint_size))},
                      {"time", MinuteText(page.checkpoint_time, messages)}}));
  PageData list(PageData::type::list);
  for (const WitnessLine& line : page.witnesses) {
    PageData one;
    one.set("has", WitnessText(line, messages));
    SetIf("problem", PlainText(line.problem), one);
    list << std::move(one);
  }
  card.set("has_witnesses", !page.witnesses.empty());
  card.set("witnesses", std::move(list));
  card.set("backup", page.last_backup.has_value()
                         ? MinuteText(*page.last_backup, messages)
                         : messages.Say("operator.no_backup"));
}

}  // namespace

std::string NumberText(int64_t number) {
  std::string digits = absl::StrCat(number);
  const size_t sign = number < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > sign + 3;) {
    at -= 3;
    digits.insert(at, kHardSpace);
  }
  return digits;
}

std::string ShareText(int64_t part, int64_t whole) {
  if (whole <= 0) return "";
  const int64_t tenths = part * 1000 / whole;
  return absl::StrCat(tenths / 10, ".", tenths % 10, kHardSpace, "%");
}

std::string RenderOperator(const OperatorPage& page) {
  const Messages& messages = *page.frame.messages;
  PageData card;
  SetForm(page.sign_out, card);
  SetLink("again_link", page.again_link, card);
  card.set("state",
           messages.Say(page.ready ? "operator.ready" : "operator.unready"));
  card.set("ready", page.ready);
  card.set("generation", absl::StrCat(page.key_generation));
  card.set("configuration", PlainText(page.configuration));
  card.set("time", MinuteText(page.now, messages));
  SetTasks(page, card);
  SetFigures(page, card);
  SetProviders(page, card);
  SetAgents(page, card);
  SetLog(page, card);
  PageFrame frame = page.frame;
  frame.wide = true;
  return RenderPage("operator", frame, messages.Say("operator.title"),
                    std::move(card));
}

std::string RenderOperatorRefused(const OperatorRefusedPage& page) {
  PageData card;
  SetForm(page.sign_out, card);
  return RenderPage("operator_refused", page.frame,
                    page.frame.messages->Say("operator_refused.title"),
                    std::move(card));
}

}  // namespace tokenvault
