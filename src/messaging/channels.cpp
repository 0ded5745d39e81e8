#include "messaging/channels.hpp"

#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {

Channels::Channels(ChannelsServices services)
    : services_(services), replies_(services.executor, services.time, services.database, [this] { outbox_.wake(); }),
      outbox_(services.executor, services.time, services.random, services.database, *this),
      pairing_(services.time, services.random, services.database, outbox_),
      debounce_(services.runtime, services.messaging),
      accounts_(
          AccountsServices{services.executor, services.time, services.random, services.database, services.registry,
                           services.http, services.state_folder},
          [this](Account& account, ports::InboundEvent event) { return intake_.receive(account, std::move(event)); },
          [this] { outbox_.account_changed(); }),
      actions_(accounts_, services.database),
      intake_(IntakeServices{services.time, services.random, services.database, services.runtime, services.messaging,
                             config_, accounts_, outbox_, replies_, pairing_, debounce_}) {}

Task<> Channels::configure(json::value config) {
  config_ = std::move(config);
  accounts_.configure(config_);
  co_return Result<>{};
}

Task<> Channels::shut_down() {
  CO_TRY_VOID(co_await outbox_.settle());
  CO_TRY_VOID(co_await accounts_.shut_down());
  CO_TRY_VOID(co_await debounce_.shut_down());
  CO_TRY_VOID(co_await replies_.shut_down());
  co_return co_await outbox_.shut_down();
}

Result<std::string> Channels::read_file(const std::string& agent_id, const std::string& path, std::size_t limit) {
  TRY(const auto* workspace, services_.runtime.workspace_of(agent_id));
  return workspace->read_file(path, limit);
}

Result<Delivery> Channels::where(std::string_view channel, std::string_view account, std::string_view target,
                                 std::string thread) const {
  TRY(const auto found, accounts_.get(channel, account));
  TRY(auto chat, found->channel().chat_of(target));
  if (!thread.empty()) chat.thread_id = std::move(thread);
  return Delivery{std::string(channel), found->settings().account, std::move(chat), "", ""};
}

Task<std::string> Channels::send(Delivery to, std::string text, std::string id, trace::Context trace) {
  if (trim(text).empty()) co_return fail(Kind::invalid, "The message is empty.", "Write something first.");
  if (id.empty()) id = uuid_v7(services_.time, services_.random);
  CO_TRY_VOID(check_id(id, "idempotency key"));
  OutboxBody body{std::move(to), std::move(text), services_.runtime.settings().agents.front().id};
  body.trace = trace;
  auto row = outgoing_row(id, "message", "", body, services_.time.now_ms());
  CO_TRY([[maybe_unused]] const bool fresh, co_await outbox_.add(std::move(row)));
  co_return id;
}

} // namespace openclaw::messaging
