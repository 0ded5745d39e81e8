#include "messaging/replies.hpp"

#include "base/text.hpp"
#include "messaging/answers.hpp"
#include "messaging/parts.hpp"

namespace openclaw::messaging {
namespace {

constexpr std::int64_t kLongestTypingMs = 15 * 60 * 1000; // a platform that is told so for longer thinks we are stuck
constexpr std::size_t kFirstPreview = 24;                 // bytes; less looks like noise
constexpr std::size_t kMostLive = 2000;
constexpr int kMostBlocks = 200; // of one run; what comes after them comes at its end

} // namespace

struct Replies::Live {
  explicit Live(async::Executor executor) : changed(executor), idle(executor) {}
  std::string run_id;
  std::shared_ptr<Account> account;
  Delivery delivery;
  DeliverySettings settings;
  bool acknowledge = false;
  bool done = false;
  bool preview_done = false; // the answer itself takes over
  bool previewing = false;   // the coroutine is there
  std::string text;
  std::size_t sent = 0; // bytes of `text` that are blocks already
  int blocks = 0;
  std::string shown;
  std::string preview_id;
  async::Event changed;
  async::Event idle;
};

Replies::Replies(async::Executor executor, async::Time& time, store::Database& database, std::function<void()> wake)
    : executor_(executor), time_(time), database_(database), wake_(std::move(wake)), scope_(executor) {}

void Replies::expect(std::string run_id, std::shared_ptr<Account> account, Delivery delivery, DeliverySettings settings,
                     bool acknowledge) {
  if (live_.size() >= kMostLive) return;
  auto live = std::make_shared<Live>(executor_);
  live->run_id = run_id;
  live->account = std::move(account);
  live->delivery = std::move(delivery);
  live->settings = std::move(settings);
  live->acknowledge =
      acknowledge && live->account->channel().reactions() != nullptr && !live->settings.ack_emoji.empty();
  if (live->acknowledge) scope_.spawn("mark " + run_id, mark(live, false));
  live_.insert_or_assign(std::move(run_id), std::move(live));
}

void Replies::started(const agent::RunInfo& run, std::int64_t) {
  const auto found = live_.find(run.run_id);
  if (found == live_.end()) return;
  if (found->second->account->channel().typing()) scope_.spawn("typing " + run.run_id, show_typing(found->second));
}

void Replies::text(const agent::RunInfo& run, std::string_view whole, std::string_view, bool replace) {
  const auto found = live_.find(run.run_id);
  if (found == live_.end()) return;
  const auto& live = found->second;
  if (live->settings.stream == StreamMode::blocks) {
    if (replace) {
      live->sent = 0;
      // What went out of an earlier text is no beginning of the answer.
      if (live->blocks > 0)
        database_.write_later(
            [run_id = run.run_id](store::Connection& connection) { return store::close_blocks(connection, run_id); });
    }
    live->text = whole;
    return send_blocks(run, *live, false);
  }
  if (live->settings.stream != StreamMode::partial || !live->account->channel().editing() || live->preview_done) return;
  live->text = whole;
  if (live->text.size() < kFirstPreview && live->preview_id.empty()) return;
  if (live->previewing) {
    live->changed.notify();
    return;
  }
  live->previewing = true;
  scope_.spawn("preview " + run.run_id, show_preview(live));
}

// What was said before a tool is used is complete.
void Replies::tool_started(const agent::RunInfo& run, std::string_view, std::string_view, std::string_view) {
  const auto found = live_.find(run.run_id);
  if (found != live_.end() && found->second->settings.stream == StreamMode::blocks)
    send_blocks(run, *found->second, true);
}

// The row is queued for writing here and now, so it comes before the end of the run, which looks for it.
void Replies::send_blocks(const agent::RunInfo& run, Live& live, bool all) {
  bool any = false;
  while (live.blocks < kMostBlocks && live.sent < live.text.size()) {
    const auto pending = std::string_view(live.text).substr(live.sent);
    const auto size = all ? pending.size() : agent::block_end(pending, live.settings.block);
    if (size == 0) break;
    const auto before = live.text.substr(0, live.sent);
    const auto block = std::string(pending.substr(0, size));
    live.sent += size;
    if (trim(block).empty()) continue;
    database_.write_later([delivery = live.delivery, run, number = live.blocks++, before, block,
                           now = time_.now_ms()](store::Connection& connection) {
      return record_block(connection, delivery, run, number, before, block, now);
    });
    any = true;
  }
  if (any) scope_.spawn("blocks of " + run.run_id, wake_when_written());
}

Task<> Replies::wake_when_written() {
  std::function<Result<bool>(store::Connection&)> nothing = [](store::Connection&) -> Result<bool> { return true; };
  CO_TRY([[maybe_unused]] const bool written,
         co_await database_.write<bool>(std::move(nothing), store::Durability::soon));
  wake_();
  co_return Result<>{};
}

void Replies::ended(const std::string& run_id) {
  const auto found = live_.find(run_id);
  if (found != live_.end()) {
    const auto live = found->second;
    live->done = true;
    live->changed.notify();
    if (live->acknowledge && live->settings.remove_ack) scope_.spawn("mark " + run_id, mark(live, true));
    // A preview stays until the outbox has taken it over.
    if (!live->previewing && live->preview_id.empty()) live_.erase(found);
  }
  wake_();
}

Task<> Replies::show_typing(LivePointer live) {
  auto* typing = live->account->channel().typing();
  const auto refresh = live->account->channel().capabilities().typing_refresh_ms;
  const auto until = time_.monotonic_ms() + kLongestTypingMs;
  while (!live->done && time_.monotonic_ms() < until) {
    auto shown = co_await typing->show_typing(live->delivery.chat);
    if (!shown) break; // it is only a courtesy
    auto waited = co_await live->changed.wait_for(refresh);
    if (!waited && waited.error().kind == Kind::cancelled) break;
    // Text that comes wakes us too, and needs no new sign.
    while (!live->done && waited) {
      waited = co_await live->changed.wait_for(refresh);
      if (!waited && waited.error().kind == Kind::cancelled) co_return Result<>{};
    }
  }
  auto stopped = co_await typing->stop_typing(live->delivery.chat);
  (void)stopped;
  co_return Result<>{};
}

Task<> Replies::show_preview(LivePointer live) {
  auto& channel = live->account->channel();
  const auto capabilities = channel.capabilities();
  int failures = 0;
  while (!live->preview_done && !live->done && failures < 3) {
    if (live->text != live->shown) {
      auto text = live->text;
      const auto parts = parts_of(text, channel, live->settings.text_limit);
      ports::Outgoing message;
      message.chat = live->delivery.chat;
      message.reply_token = live->delivery.reply_token;
      if (live->settings.reply_mode != "off") message.reply_to = live->delivery.message_id;
      message.idempotency_key = live->run_id.substr(0, 48) + "-preview";
      // Only the first message's worth is shown while it comes; the rest follows with the answer.
      if (!parts.parts.empty() && parts.parts.front().file.empty()) {
        message.body = channel.render(parts.parts.front().text);
        auto report = live->preview_id.empty() ? co_await channel.send(message)
                                               : co_await channel.editing()->edit(live->preview_id, message);
        if (!report && report.error().kind == Kind::cancelled) break;
        const bool good = report && !report->problem;
        failures = good ? 0 : failures + 1;
        if (good && live->preview_id.empty()) {
          if (report->message_ids.empty()) break; // nothing that could be edited: once is enough
          live->preview_id = report->message_ids.front();
        }
      }
      live->shown = std::move(text);
    }
    auto slept = co_await time_.sleep_ms(capabilities.edit_interval_ms);
    if (!slept) break;
    if (live->text == live->shown && !live->done && !live->preview_done) {
      auto waited = co_await live->changed.wait();
      if (!waited) break;
    }
  }
  live->previewing = false;
  live->idle.notify();
  co_return Result<>{};
}

Task<std::string> Replies::take_preview(std::string run_id) {
  const auto found = live_.find(run_id);
  if (found == live_.end()) co_return std::string();
  const auto live = found->second;
  live->preview_done = true;
  live->changed.notify();
  while (live->previewing) {
    auto waited = co_await live->idle.wait_for(30'000);
    if (!waited) break;
  }
  live_.erase(run_id);
  co_return live->preview_id;
}

Task<> Replies::mark(LivePointer live, bool remove) {
  auto marked = co_await live->account->channel().reactions()->react(live->delivery.chat, live->delivery.message_id,
                                                                     live->settings.ack_emoji, remove);
  (void)marked; // a courtesy
  co_return Result<>{};
}

Task<> Replies::shut_down() {
  scope_.cancel();
  co_return co_await scope_.join();
}

} // namespace openclaw::messaging
