#include "messaging/channels.hpp"

#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {

Channels::Channels(ChannelsServices services)
    : services_(services), replies_(services.executor, services.time, [this] { outbox_.wake(); }),
      outbox_(services.executor, services.time, services.random, services.database, *this),
      pairing_(services.time, services.random, services.database, outbox_),
      accounts_(
          AccountsServices{services.executor, services.time, services.random, services.database, services.registry,
                           services.http, services.state_folder},
          [this](Account& account, ports::InboundEvent event) { return intake_.receive(account, std::move(event)); },
          [this] { outbox_.account_changed(); }),
      intake_(IntakeServices{services.time, services.random, services.database, services.runtime, services.messaging,
                             config_, accounts_, outbox_, replies_, pairing_}) {}

Task<> Channels::configure(json::value config) {
  config_ = std::move(config);
  accounts_.configure(config_);
  co_return Result<>{};
}

Task<> Channels::shut_down() {
  CO_TRY_VOID(co_await accounts_.shut_down());
  CO_TRY_VOID(co_await replies_.shut_down());
  co_return co_await outbox_.shut_down();
}

Result<std::string> Channels::read_file(const std::string& agent_id, const std::string& path, std::size_t limit) {
  TRY(const auto* workspace, services_.runtime.workspace_of(agent_id));
  return workspace->read_file(path, limit);
}

Result<> Channels::record_end(store::Connection& connection, const std::string& run_id, const ports::Message& message) {
  TRY(const auto row, store::find_run(connection, run_id));
  if (!row || row->channel == "webchat") return {};
  TRY(const auto body, parse_json(row->body, "inbox row"));
  const auto* where = find(body, "delivery");
  const auto delivery = where ? delivery_from(*where) : std::nullopt;
  if (!delivery) return {};
  const auto rest = std::string_view(row->session_key).substr(std::min<std::size_t>(6, row->session_key.size()));
  const auto agent_id = std::string(rest.substr(0, rest.find(':')));
  std::string kind = "answer";
  std::string text;
  if (message.stop_reason == ports::StopReason::error) {
    kind = "notice";
    text = as_notice(fmt::format("{}{}{}", message.error_message, message.error_hint.empty() ? "" : " ",
                                 message.error_hint.starts_with("Press Retry")
                                     ? "Send it again if you want me to try once more."
                                     : message.error_hint));
  } else if (message.stop_reason == ports::StopReason::injected) {
    kind = "notice";
    text = as_notice(ports::text_of(message));
  } else if (message.stop_reason == ports::StopReason::aborted) {
    return {}; // whoever stopped it was told by the stop's own answer
  } else {
    text = ports::text_of(message);
  }
  const auto outgoing = outgoing_row(*delivery, run_id, kind, std::move(text), agent_id, run_id, message.timestamp_ms);
  TRY([[maybe_unused]] const bool added, store::add_outgoing(connection, outgoing));
  return {};
}

Task<std::string> Channels::send(std::string channel, std::string account, std::string target, std::string text,
                                 std::string id) {
  CO_TRY(const auto found, accounts_.get(channel, account));
  CO_TRY(auto chat, found->channel().chat_of(target));
  if (trim(text).empty()) co_return fail(Kind::invalid, "The message is empty.", "Write something first.");
  if (id.empty()) id = uuid_v7(services_.time, services_.random);
  CO_TRY_VOID(check_id(id, "idempotency key"));
  Delivery delivery{channel, found->settings().account, std::move(chat), "", ""};
  auto row = outgoing_row(delivery, id, "message", std::move(text), services_.runtime.settings().agents.front().id, "",
                          services_.time.now_ms());
  CO_TRY([[maybe_unused]] const bool fresh, co_await outbox_.add(std::move(row)));
  co_return id;
}

Task<std::string> Channels::probe(std::string channel, std::string account) {
  CO_TRY(const auto found, accounts_.get(channel, account));
  auto* probe = found->channel().probe();
  if (!probe) co_return std::string();
  co_return co_await probe->who();
}

} // namespace openclaw::messaging
