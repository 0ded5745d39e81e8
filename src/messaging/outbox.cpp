#include "messaging/outbox.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "ports/attachment_type.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

constexpr std::size_t kRowsAtOnce = 2000;
constexpr int kMostAttempts = 8;                              // while the account is up
constexpr std::int64_t kOldestMs = 24 * 60 * 60 * 1000;       // what could not be sent for a day is dead
constexpr std::int64_t kKeepSentMs = 7 * 24 * 60 * 60 * 1000; // long enough to look up what was sent
constexpr std::int64_t kLongestPauseMs = 15 * 60 * 1000;
constexpr std::int64_t kSettleMs = 2000; // what a stop waits for sends that are under way

std::string key_of(const store::OutboxRow& row) {
  return fmt::format("{}\n{}\n{}", row.channel, row.account, row.chat);
}

json::array ids_of(const store::OutboxRow& row) {
  auto parsed = parse_json(row.message_ids, "message ids");
  return parsed && parsed->is_array() ? parsed->get_array() : json::array();
}

std::string mime_of(std::string_view path) {
  const auto name = lowercase_ascii(path);
  constexpr std::pair<std::string_view, std::string_view> types[] = {
      {".png", "image/png"},       {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},      {".gif", "image/gif"},
      {".webp", "image/webp"},     {".mp4", "video/mp4"},  {".mp3", "audio/mpeg"},       {".ogg", "audio/ogg"},
      {".wav", "audio/wav"},       {".opus", "audio/ogg"}, {".oga", "audio/ogg"},        {".m4a", "audio/mp4"},
      {".pdf", "application/pdf"}, {".txt", "text/plain"}, {".json", "application/json"}};
  for (const auto& [ending, type] : types)
    if (name.ends_with(ending)) return std::string(type);
  return "application/octet-stream";
}

} // namespace

Outbox::Outbox(async::Executor executor, async::Time& time, Random& random, store::Database& database, OutboxHost& host)
    : time_(time), random_(random), database_(database), host_(host), accounts_changed_(executor), scope_(executor) {}

Task<> Outbox::recover() {
  CO_TRY(auto rows, store::open_outgoing(database_.reader(), kRowsAtOnce));
  for (auto& row : rows) {
    if (row.state != "sending") continue;
    // A notice twice harms nobody; one that is missing hides what happened.
    if (row.kind == "notice") continue;
    const auto account = host_.find_account(row.channel, row.account);
    if (account && account->channel().capabilities().idempotent_send) continue;
    CO_TRY(const auto body, outbox_body_from(row.body));
    CO_TRY_VOID(co_await give_up(row, "failed", "The gateway stopped while this was being sent; it may have arrived."));
    CO_TRY_VOID(co_await tell_chat(row, body,
                                   "I was interrupted while I sent my last message and do not know whether it arrived. "
                                   "Write /resend to get it again."));
  }
  wake();
  co_return Result<>{};
}

void Outbox::wake() {
  auto rows = store::open_outgoing_after(database_.reader(), last_sequence_, kRowsAtOnce);
  if (!rows) {
    log::error("outbox", rows.error().text());
    return;
  }
  for (auto& row : *rows) {
    last_sequence_ = row.sequence;
    const auto key = key_of(row);
    auto& strand = strands_[key];
    strand.rows.push_back(std::move(row));
    if (strand.rows.size() == 1) scope_.spawn("outbox " + key, drain(key));
  }
}

Task<bool> Outbox::add(store::OutboxRow row) {
  std::function<Result<bool>(store::Connection&)> save = [row](store::Connection& connection) {
    return store::add_outgoing(connection, row);
  };
  CO_TRY(const bool fresh, co_await database_.write<bool>(std::move(save)));
  wake();
  co_return fresh;
}

Task<> Outbox::drain(std::string key) {
  while (true) {
    const auto strand = strands_.find(key);
    if (strand == strands_.end() || strand->second.rows.empty() || stopping_) break;
    auto sent = co_await send_row(strand->second.rows.front());
    if (auto cancelled = co_await async::check_cancelled(); !cancelled) co_return cancelled;
    if (!sent) log::error("outbox", sent.error().text(), {{"id", strand->second.rows.front().id}});
    strand->second.rows.pop_front();
  }
  strands_.erase(key);
  if (time_.now_ms() - tidied_ms_ > kOldestMs) {
    tidied_ms_ = time_.now_ms();
    database_.write_later([before = tidied_ms_ - kKeepSentMs](store::Connection& connection) -> Result<> {
      TRY([[maybe_unused]] const auto dropped, store::forget_sent(connection, before));
      return {};
    });
  }
  if (stopping_) co_return Result<>{};
  // What came while the last row was being written is not forgotten: it was beyond the page.
  wake();
  co_return Result<>{};
}

// One span for a delivery: all its tries, until it has its end or the gateway stops.
Task<> Outbox::send_row(store::OutboxRow row) {
  CO_TRY(const auto body, outbox_body_from(row.body));
  trace::Span span("outbox", trace::Kind::client, body.trace);
  span.attribute("openclaw.channel", row.channel);
  span.attribute("openclaw.message", row.kind);
  auto delivered = co_await deliver(row, body);
  if (row.state != "sent") span.fail(row.state);
  co_return delivered;
}

Task<> Outbox::deliver(store::OutboxRow& row, const OutboxBody& body) {
  CO_TRY(const auto account, co_await wait_for_account(row));
  if (!account) {
    co_return co_await give_up(
        row, "dead",
        fmt::format("The account {} of {} is not configured any more, or was not reachable for a day.", row.account,
                    row.channel));
  }
  const auto settings = host_.delivery_of(*account, body.agent_id, body.delivery.chat.kind);
  auto text = body.text;
  if (!body.notice && !body.follows && row.kind != "message")
    if (const auto prefix = response_prefix(settings.prefix, body.model); !prefix.empty() && !text.starts_with(prefix))
      text = prefix + " " + text;
  const auto parts = parts_of(text, account->channel(), settings.text_limit);
  if (body.follows && settings.human_most_ms > 0 && row.parts_sent == 0) {
    const auto spread = static_cast<std::uint64_t>(settings.human_most_ms - settings.human_least_ms + 1);
    CO_TRY_VOID(co_await time_.sleep_ms(settings.human_least_ms + static_cast<std::int64_t>(random_.next() % spread)));
  }
  co_return co_await send_parts(account, row, body, parts);
}

Task<> Outbox::send_parts(std::shared_ptr<Account> account, store::OutboxRow& row, const OutboxBody& body,
                          const Parts& parts) {
  const auto capabilities = account->channel().capabilities();
  bool plain = false;
  for (auto index = static_cast<std::size_t>(row.parts_sent); index < parts.parts.size();) {
    if (row.state != "sending") {
      row.state = "sending";
      CO_TRY_VOID(co_await save(row));
    }
    auto report = co_await send_part(account, row, body, parts, index, plain);
    if (!report) co_return std::unexpected(report.error());
    if (!report->problem) {
      account->sent();
      auto ids = ids_of(row);
      for (auto& id : report->message_ids)
        ids.emplace_back(std::move(id));
      row.message_ids = to_text(json::value(std::move(ids)));
      row.parts_sent = static_cast<int>(++index);
      row.attempts = 0;
      plain = false;
      if (index < parts.parts.size()) CO_TRY_VOID(co_await save(row));
      continue;
    }
    CO_TRY(const bool again, co_await after_problem(capabilities, row, body, std::move(*report->problem), plain));
    if (!again) co_return Result<>{};
  }
  row.state = "sent";
  row.error.clear();
  metrics::counter("openclaw_messages_sent_total", "Messages delivered to messengers.",
                   fmt::format("channel=\"{}\"", row.channel))
      .add();
  co_return co_await save(row);
}

Task<ports::SendReport> Outbox::send_part(std::shared_ptr<Account> account, store::OutboxRow& row,
                                          const OutboxBody& body, const Parts& parts, std::size_t index, bool plain) {
  auto& channel = account->channel();
  const auto& part = parts.parts[index];
  const auto settings = host_.delivery_of(*account, body.agent_id, body.delivery.chat.kind);
  ports::Outgoing message;
  message.chat = body.delivery.chat;
  message.body = channel.render(part.text);
  message.notice = body.notice;
  message.plain = plain;
  if (plain) message.body = {ports::rich_text::plain_text(part.text), {}, 0};
  message.reply_token = body.delivery.reply_token;
  message.idempotency_key = fmt::format("{}-{}", row.id, index);
  const bool first = index == 0;
  if (!parts.reply_to.empty() && first)
    message.reply_to = parts.reply_to == "current" ? body.delivery.message_id : parts.reply_to;
  else if (settings.reply_mode == "all" || (settings.reply_mode == "first" && first && !body.follows))
    message.reply_to = body.delivery.message_id;
  if (!part.file.empty()) {
    const auto limit = settings.file_bytes > 0 ? settings.file_bytes : channel.capabilities().file_out_bytes;
    auto bytes = host_.read_file(body.agent_id, part.file, static_cast<std::size_t>(limit));
    if (bytes) {
      ports::OutgoingFile file;
      file.mime_type = mime_of(part.file);
      file.type = ports::attachment_type(file.mime_type);
      if (parts.audio_as_voice && file.type == ports::Attachment::Type::audio)
        file.type = ports::Attachment::Type::voice;
      file.file_name = part.file.substr(part.file.rfind('/') + 1);
      file.bytes = std::move(*bytes);
      message.file = std::move(file);
    } else {
      // Never a silent drop: the words say what is missing.
      const auto caption = ports::rich_text::plain_text(part.text);
      message.body = {
          fmt::format("{}{}{}", caption, caption.empty() ? "" : "\n\n",
                      as_notice(fmt::format("The file {} could not be sent: {}", part.file, bytes.error().message))),
          {},
          0};
      message.plain = true;
    }
  }
  if (first && row.kind == "answer" && !message.file) {
    CO_TRY(const auto preview, co_await host_.take_preview(row.run_id));
    if (!preview.empty() && channel.editing()) {
      auto edited = co_await channel.editing()->edit(preview, message);
      if (edited && !edited->problem) {
        edited->message_ids = {preview};
        co_return edited;
      }
    }
  }
  ++in_flight_;
  auto report = co_await channel.send(std::move(message));
  --in_flight_;
  if (report) co_return report;
  if (report.error().kind == Kind::cancelled) co_return std::unexpected(report.error());
  ports::SendReport failed;
  failed.problem = ports::problem_from(report.error());
  co_return failed;
}

Task<bool> Outbox::after_problem(const ports::Capabilities& capabilities, store::OutboxRow& row, const OutboxBody& body,
                                 ports::SendProblem problem, bool& plain) {
  using ports::SendFault;
  log::warn("outbox", printable(problem.message, 300),
            {{"channel", row.channel}, {"id", row.id}, {"attempt", std::to_string(row.attempts + 1)}});
  row.error = printable(problem.message, 400);
  if (problem.fault == SendFault::bad_format && !plain) {
    plain = true;
    co_return true;
  }
  if (problem.fault == SendFault::ambiguous && !capabilities.idempotent_send && row.kind != "notice") {
    CO_TRY_VOID(co_await give_up(row, "failed", row.error));
    CO_TRY_VOID(co_await tell_chat(row, body,
                                   "I do not know whether my last message arrived: the platform did not answer. Write "
                                   "/resend to get it again."));
    co_return false;
  }
  const bool passes = problem.fault == SendFault::retry_after || problem.fault == SendFault::transient ||
                      problem.fault == SendFault::ambiguous;
  if (!passes || ++row.attempts >= kMostAttempts || time_.now_ms() - row.created_ms > kOldestMs) {
    CO_TRY_VOID(co_await give_up(row, "dead", row.error));
    // Whom the platform refuses to serve cannot be told; everybody else is.
    if (problem.fault != SendFault::refused && problem.fault != SendFault::missing)
      CO_TRY_VOID(co_await tell_chat(
          row, body,
          fmt::format("My last message could not be delivered: {} Write /resend to try it again.", row.error)));
    co_return false;
  }
  const auto growing = std::min<std::int64_t>(std::int64_t{400} << std::min(row.attempts - 1, 6), 30'000);
  const auto pause = problem.fault == SendFault::retry_after
                         ? std::clamp<std::int64_t>(problem.retry_after_ms, 0, kLongestPauseMs)
                         : growing + static_cast<std::int64_t>(random_.next() % 100);
  row.state = "queued";
  row.next_ms = time_.now_ms() + pause;
  CO_TRY_VOID(co_await save(row));
  CO_TRY_VOID(co_await time_.sleep_ms(pause));
  CO_TRY(const auto account, co_await wait_for_account(row));
  if (account) co_return true;
  CO_TRY_VOID(co_await give_up(row, "dead", row.error));
  co_return false;
}

// The account, once it is up; nothing when it went away or stayed down for a day.
Task<std::shared_ptr<Account>> Outbox::wait_for_account(const store::OutboxRow& row) {
  while (true) {
    auto account = host_.find_account(row.channel, row.account);
    if (!account || time_.now_ms() - row.created_ms > kOldestMs) co_return std::shared_ptr<Account>();
    if (account->up()) co_return account;
    auto waited = co_await accounts_changed_.wait_for(60'000);
    if (!waited && waited.error().kind == Kind::cancelled) co_return std::unexpected(waited.error());
  }
}

Task<> Outbox::save(store::OutboxRow row) {
  const auto now = time_.now_ms();
  std::function<Result<bool>(store::Connection&)> work = [row, now](store::Connection& connection) -> Result<bool> {
    TRY_VOID(store::save_outgoing(connection, row, now));
    return true;
  };
  CO_TRY([[maybe_unused]] const bool saved, co_await database_.write<bool>(std::move(work)));
  co_return Result<>{};
}

Task<> Outbox::give_up(store::OutboxRow& row, std::string state, std::string why) {
  row.state = std::move(state);
  row.error = printable(why, 400);
  metrics::counter("openclaw_messages_undelivered_total", "Messages that were given up, by state.",
                   fmt::format("channel=\"{}\",state=\"{}\"", row.channel, row.state))
      .add();
  log::error("outbox", fmt::format("A message is {}. See it with: openclaw messages dead", row.state),
             {{"channel", row.channel}, {"id", row.id}, {"why", row.error}});
  co_return co_await save(row);
}

Task<> Outbox::tell_chat(const store::OutboxRow& row, const OutboxBody& body, std::string text) {
  // About a notice no notice is sent: that could go on for ever.
  if (row.kind == "notice") co_return Result<>{};
  OutboxBody told{body.delivery, as_notice(text), body.agent_id, true};
  told.trace = body.trace;
  auto notice = outgoing_row(row.id + "-lost", "notice", "", told, time_.now_ms());
  CO_TRY([[maybe_unused]] const bool added, co_await add(std::move(notice)));
  co_return Result<>{};
}

Task<> Outbox::retry(std::string id) {
  CO_TRY(auto row, store::find_outgoing(database_.reader(), id));
  if (!row)
    co_return fail(Kind::missing, fmt::format("There is no message {} in the outbox.", printable(id, 64)),
                   "List them with: openclaw messages dead");
  if (row->state != "failed" && row->state != "dead")
    co_return fail(Kind::conflict,
                   fmt::format("The message {} is {}; only failed and dead ones are sent again.", row->id, row->state));
  // As a new row: the old one stays as the record of what happened.
  auto again = *row;
  again.id = uuid_v7(time_, random_);
  again.state = "queued";
  again.attempts = 0;
  again.next_ms = 0;
  again.created_ms = time_.now_ms();
  auto old = *row;
  old.state = "sent";
  old.error = fmt::format("Sent again as {}.", again.id);
  const auto now = time_.now_ms();
  std::function<Result<bool>(store::Connection&)> work = [=](store::Connection& connection) -> Result<bool> {
    TRY_VOID(store::save_outgoing(connection, old, now));
    return store::add_outgoing(connection, again);
  };
  CO_TRY([[maybe_unused]] const bool added, co_await database_.write<bool>(std::move(work)));
  wake();
  co_return Result<>{};
}

Result<std::optional<store::OutboxRow>> Outbox::last_trouble(std::string_view channel, std::string_view chat) const {
  TRY(auto rows, store::troubled_outgoing(database_.reader(), 200));
  for (auto& row : rows)
    if (row.channel == channel && row.chat == chat && row.kind != "notice")
      return std::optional<store::OutboxRow>(std::move(row));
  return std::optional<store::OutboxRow>{};
}

Task<> Outbox::settle() {
  stopping_ = true;
  const auto until = time_.monotonic_ms() + kSettleMs;
  while (in_flight_ > 0 && time_.monotonic_ms() < until)
    CO_TRY_VOID(co_await time_.sleep_ms(20));
  // The outcome of the last part is written after it.
  std::function<Result<bool>(store::Connection&)> nothing = [](store::Connection&) -> Result<bool> { return true; };
  CO_TRY([[maybe_unused]] const bool written, co_await database_.write<bool>(std::move(nothing)));
  co_return Result<>{};
}

Task<> Outbox::shut_down() {
  scope_.cancel();
  co_return co_await scope_.join();
}

std::size_t Outbox::waiting() const {
  std::size_t count = 0;
  for (const auto& [key, strand] : strands_)
    count += strand.rows.size();
  return count;
}

} // namespace openclaw::messaging
