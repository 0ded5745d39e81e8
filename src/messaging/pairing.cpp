#include "messaging/pairing.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "messaging/senders.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

// As OpenClaw: no I, O, 0 and 1, which people confuse.
constexpr std::string_view kCodeLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

std::string pairing_code(Random& random) {
  std::string code;
  for (int i = 0; i < 8; ++i)
    code += kCodeLetters[random.next() % kCodeLetters.size()];
  return code;
}

} // namespace

Task<> Pairing::offer(const Account& account, ports::InboundEvent event) {
  const auto& settings = account.settings();
  store::PairingRequest request;
  request.of = {settings.channel, settings.account};
  request.sender = event.from.id;
  request.name = name_of(event.from);
  request.code = pairing_code(random_);
  auto delivery = delivery_to(account, event);
  request.chat = to_text(json::value(to_json(delivery)));
  const auto now = time_.now_ms();
  const auto checkpoint = event.checkpoint;
  const auto id = uuid_v7(time_, random_);
  std::function<Result<bool>(store::Connection&)> work = [=](store::Connection& connection) -> Result<bool> {
    TRY(const auto outcome, store::request_pairing(connection, request, now));
    if (outcome.fresh) {
      const auto text =
          fmt::format("OpenClaw: access not configured.\n\nYour {} id: `{}`\n\nPairing code: `{}`\n\nAsk the bot "
                      "owner to approve with:\n`openclaw pairing approve {} {}`",
                      request.of.channel, request.sender, request.code, request.of.channel, request.code);
      const auto row = outgoing_row(delivery, id, "notice", text, "", "", now);
      TRY([[maybe_unused]] const bool added, store::add_outgoing(connection, row));
    }
    if (!checkpoint.empty())
      TRY_VOID(store::set_channel_fact(connection, request.of, Account::kCheckpoint, checkpoint, now));
    return outcome.fresh;
  };
  CO_TRY(const bool fresh, co_await database_.write<bool>(std::move(work)));
  if (fresh) {
    log::info("channels", "Somebody asks to talk to an agent. See: openclaw pairing list",
              {{"channel", settings.channel}, {"sender", printable(event.from.id, 64)}});
    outbox_.wake();
  }
  co_return Result<>{};
}

Task<store::PairingRequest> Pairing::approve(std::string channel, std::string code, std::string by) {
  for (auto& letter : code)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  const auto now = time_.now_ms();
  const auto notice_id = uuid_v7(time_, random_);
  std::function<Result<std::optional<store::PairingRequest>>(store::Connection&)> work =
      [=](store::Connection& connection) -> Result<std::optional<store::PairingRequest>> {
    TRY(auto request, store::approve_pairing(connection, channel, code, by, now));
    if (!request) return request;
    TRY(const auto where, parse_json(request->chat, "pairing request"));
    if (const auto delivery = delivery_from(where)) {
      const auto notice =
          outgoing_row(*delivery, notice_id, "notice", as_notice("You are let in. Write what you need."), "", "", now);
      TRY([[maybe_unused]] const bool added, store::add_outgoing(connection, notice));
    }
    return request;
  };
  CO_TRY(auto request, co_await database_.write<std::optional<store::PairingRequest>>(std::move(work)));
  if (!request)
    co_return fail(Kind::missing,
                   fmt::format("No request of {} has the code {}.", printable(channel, 40), printable(code, 16)),
                   "Codes are good for one hour. List them with: openclaw pairing list");
  outbox_.wake();
  co_return *request;
}

} // namespace openclaw::messaging
