#include "bench/side_by_side.h"

#include <utility>

#include "base/status_macros.h"
#include "bench/echo.h"

namespace tokenvault {
namespace {

constexpr int kPeople = 200;

}  // namespace

absl::StatusOr<std::unique_ptr<SideBySide>> SideBySide::Start(
    const Setting& setting, Transport transport) {
  std::unique_ptr<SideBySide> all(new SideBySide());
  all->transport_ = transport;
  ServedVault::Options options;
  options.people = kPeople;
  options.transport = transport;
  ASSIGN_OR_RETURN(all->vault_, ServedVault::Start(setting, options));
  options.in_memory = true;
  ASSIGN_OR_RETURN(all->memory_, ServedVault::Start(setting, options));

  ASSIGN_OR_RETURN(ClosedLoop::Options asking, all->vault_->Asking(kPeople));
  all->vault_loop_ = std::make_unique<ClosedLoop>(asking);
  ASSIGN_OR_RETURN(const v1::GetScopedTokenResponse answer,
                   all->vault_loop_->AskForEach());
  ASSIGN_OR_RETURN(ClosedLoop::Options asking_memory,
                   all->memory_->Asking(kPeople));
  all->memory_loop_ = std::make_unique<ClosedLoop>(asking_memory);
  RETURN_IF_ERROR(all->memory_loop_->AskForEach().status());

  const ServedVault& vault = *all->vault_;
  ASSIGN_OR_RETURN(all->echo_, StartEcho(answer, vault.folder(),
                                         EchoBy(transport, vault.folder(),
                                                vault.seeded().certificates)));
  asking.address = all->echo_->address();
  asking.check_person = false;
  all->echo_loop_ = std::make_unique<ClosedLoop>(asking);
  return all;
}

Trio SideBySide::At(std::vector<int> levels) const {
  return {NameOf(transport_),
          std::move(levels),
          {*echo_, *echo_loop_},
          {vault_->daemon(), *vault_loop_},
          {memory_->daemon(), *memory_loop_},
          vault_->syncs()};
}

absl::Status SideBySide::StopAndCheck() {
  echo_.reset();
  RETURN_IF_ERROR(memory_->StopAndCheck(memory_loop_->tokens()));
  return vault_->StopAndCheck(vault_loop_->tokens());
}

}  // namespace tokenvault
