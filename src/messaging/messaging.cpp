#include "messaging/messaging.hpp"

#include "agent/chat_command.hpp"
#include "agent/transcript.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

constexpr std::size_t kLongestMessage = 1024 * 1024;

ports::Message user_message(const Inbound& given, std::int64_t now_ms) {
  ports::Message message;
  message.role = ports::Role::user;
  message.timestamp_ms = now_ms;
  message.content.emplace_back(ports::TextBlock{given.text});
  message.content.insert(message.content.end(), given.images.begin(), given.images.end());
  return message;
}

std::string body_of(const Inbound& message) {
  json::object body{{"text", message.text}};
  if (!message.thinking.empty()) body["thinking"] = message.thinking;
  if (!message.extra_system_prompt.empty()) body["extraSystemPrompt"] = message.extra_system_prompt;
  if (message.timeout_ms > 0) body["timeoutMs"] = message.timeout_ms;
  if (!message.images.empty()) body["images"] = agent::images_to_json(message.images);
  if (!message.origin.channel.empty()) body["origin"] = agent::to_json(message.origin);
  if (auto delivery = parse_json(message.delivery, "delivery")) body["delivery"] = std::move(*delivery);
  if (message.trace.valid()) body["trace"] = trace::traceparent(message.trace);
  return to_text(body);
}

} // namespace

Result<agent::SessionKey> Messaging::canonical(std::string_view written) const {
  const auto& settings = runtime_.settings();
  TRY(auto key, agent::canonical_session_key(written, settings.agents.front().id));
  if (!settings.find_agent(key.agent_id))
    return fail(Kind::missing, fmt::format("There is no agent \"{}\".", key.agent_id),
                "See the agents with: openclaw config get agents.list");
  return key;
}

Task<Receipt> Messaging::receive(Inbound message) {
  trace::Span span("message", trace::Kind::server, message.trace);
  span.attribute("openclaw.channel", message.channel);
  message.trace = span.context();
  CO_TRY(auto key, canonical(message.session_key));
  if (message.run_id.empty()) message.run_id = message.dedupe_key;
  CO_TRY_VOID(check_id(message.dedupe_key, "idempotency key"));
  CO_TRY_VOID(check_id(message.run_id, "run id"));
  if (message.text.size() > kLongestMessage)
    co_return fail(Kind::invalid,
                   fmt::format("The message has {} bytes; at most {} are taken.", message.text.size(), kLongestMessage),
                   "Put long material into a file of the workspace.");
  message.text = to_valid_utf8(message.text);
  if (trim(message.text).empty() && message.images.empty())
    co_return fail(Kind::invalid, "The message is empty.", "Write something first.");
  // Stop words never wait behind what they are to stop.
  if (message.may_command && agent::is_stop_word(message.text)) {
    Receipt receipt;
    receipt.state = Receipt::State::stopped;
    receipt.session_key = key.canonical;
    receipt.stopped_runs = runtime_.abort(key.canonical, "", "stop");
    co_return receipt;
  }
  auto receipt = co_await accept(std::move(message), std::move(key), "");
  if (!receipt) span.fail(kind_name(receipt.error().kind));
  co_return receipt;
}

Task<Receipt> Messaging::retry(std::string session_key, std::string run_id, std::string dedupe_key,
                               trace::Context trace) {
  CO_TRY(auto key, canonical(session_key));
  CO_TRY_VOID(check_id(run_id, "run id"));
  CO_TRY_VOID(check_id(dedupe_key, "idempotency key"));
  auto& services = runtime_.services();
  CO_TRY(const auto row, store::find_run(services.database.reader(), run_id));
  if (!row || row->session_key != key.canonical)
    co_return fail(Kind::missing, fmt::format("There is no run {} in this session.", run_id),
                   "Reload the conversation and try again.");
  if (row->state != "failed" && row->state != "aborted")
    co_return fail(Kind::conflict, "This run did not fail, so there is nothing to run again.",
                   "Send a new message instead.");
  CO_TRY(const auto body, parse_json(row->body, "inbox row"));
  trace::Span span("message", trace::Kind::server, trace);
  span.attribute("openclaw.channel", row->channel);
  Inbound message;
  message.trace = span.context();
  message.channel = row->channel;
  message.dedupe_key = dedupe_key;
  message.run_id = dedupe_key;
  message.session_key = key.canonical;
  message.text = string_or(body, "text");
  message.thinking = string_or(body, "thinking");
  message.extra_system_prompt = string_or(body, "extraSystemPrompt");
  message.images = agent::images_from_json(find(body, "images"));
  message.origin = agent::origin_from(find(body, "origin"));
  message.may_command = false;
  if (const auto* delivery = find(body, "delivery")) message.delivery = to_text(*delivery);
  auto receipt = co_await accept(std::move(message), std::move(key), run_id);
  co_return receipt;
}

Task<bool> Messaging::join(std::string held_run, Inbound more) {
  CO_TRY(const auto key, canonical(more.session_key));
  CO_TRY_VOID(check_id(more.dedupe_key, "idempotency key"));
  auto& services = runtime_.services();
  const auto now = services.time.now_ms();
  std::function<Result<bool>(store::Connection&)> save = [=](store::Connection& connection) -> Result<bool> {
    TRY(const auto held, store::find_run(connection, held_run));
    if (!held || held->state != "accepted" || held->session_key != key.canonical) return false;
    TRY(auto body, parse_json(held->body, "inbox row"));
    auto text = string_or(body, "text") + "\n" + more.text;
    if (text.size() > kLongestMessage) return false;
    // What is joined is a row too, so that it is known when the platform delivers it again.
    store::InboxRow row;
    row.channel = more.channel;
    row.dedupe_key = more.dedupe_key;
    row.run_id = more.run_id;
    row.session_key = key.canonical;
    row.body = to_text(json::object{{"joined", held_run}});
    row.state = "answered";
    row.received_ms = now;
    TRY(const bool fresh, store::accept_message(connection, row));
    if (!fresh) return true;
    body.as_object()["text"] = std::move(text);
    if (auto delivery = parse_json(more.delivery, "delivery")) body.as_object()["delivery"] = std::move(*delivery);
    TRY_VOID(store::set_run_body(connection, held_run, to_text(body)));
    if (more.with_it) TRY_VOID(more.with_it(connection));
    return true;
  };
  co_return co_await services.database.write<bool>(std::move(save));
}

Task<Receipt> Messaging::accept(Inbound message, agent::SessionKey key, std::string retry_of) {
  auto& services = runtime_.services();
  Receipt receipt;
  receipt.run_id = message.run_id;
  receipt.session_key = key.canonical;
  CO_TRY(const auto known, store::find_message(services.database.reader(), message.channel, message.dedupe_key));
  if (known) {
    receipt.run_id = known->run_id;
    receipt.state =
        known->state == "accepted" || known->state == "running" ? Receipt::State::in_flight : Receipt::State::done;
    co_return receipt;
  }
  const auto now = services.time.now_ms();
  const auto command = message.may_command ? agent::parse_chat_command(message.text) : std::nullopt;
  if (command) {
    agent::RunInfo info{message.run_id, key.canonical, key.agent_id, message.session_key, message.trace};
    auto answered = co_await agent::answer_chat_command(runtime_, info, *command, user_message(message, now),
                                                        message.channel, message.dedupe_key, body_of(message));
    if (!answered) co_return std::unexpected(answered.error());
    if (!*answered) receipt.state = Receipt::State::in_flight;
    co_return receipt;
  }

  agent::Run run;
  run.info = {message.run_id, key.canonical, key.agent_id,
              message.session_key.empty() ? key.canonical : message.session_key};
  run.info.trace = message.trace;
  run.user = user_message(message, now);
  run.thinking = ports::thinking_from(message.thinking);
  run.extra_system_prompt = message.extra_system_prompt;
  run.timeout_ms = message.timeout_ms;
  run.origin = message.origin;
  run.acceptance = std::make_shared<agent::Acceptance>(services.executor);
  // In an idle lane the run begins at once, so its user message goes into the same commit as the inbox row.
  const bool begins = !message.held && runtime_.lane_idle(key.canonical);
  run.user_in_transcript = begins || !retry_of.empty();
  run.marked_running = begins;
  const auto acceptance = run.acceptance;
  const auto user = run.user;
  if (!message.held) CO_TRY_VOID(runtime_.submit(std::move(run)));

  store::InboxRow row;
  row.channel = message.channel;
  row.dedupe_key = message.dedupe_key;
  row.run_id = message.run_id;
  row.session_key = key.canonical;
  row.body = body_of(message);
  row.state = begins ? "running" : "accepted";
  row.received_ms = now;
  row.retry_of = retry_of;
  const auto session_id = uuid_v7(services.time, services.random);
  auto* random = &services.random;
  const auto agent_id = key.agent_id;
  const auto with_it = message.with_it;
  std::function<Result<bool>(store::Connection&)> save = [=](store::Connection& connection) -> Result<bool> {
    TRY(const bool fresh, store::accept_message(connection, row));
    if (!fresh) return false;
    TRY(auto session, store::ensure_session(connection, row.session_key, agent_id, session_id, now));
    if (!retry_of.empty()) TRY_VOID(store::delete_run_errors(connection, session.session_id, retry_of));
    if (begins && retry_of.empty())
      TRY_VOID(agent::append_message(connection, session.session_id, row.run_id, user, *random));
    session.updated_ms = now;
    session.channel = row.channel;
    TRY_VOID(store::save_session(connection, session));
    if (with_it) TRY_VOID(with_it(connection));
    return true;
  };
  auto saved = co_await services.database.write<bool>(std::move(save));
  acceptance->settle(saved && *saved);
  if (!saved) co_return std::unexpected(saved.error());
  if (!*saved) receipt.state = Receipt::State::in_flight; // the same message arrived twice at once
  metrics::counter("openclaw_messages_accepted_total", "Messages accepted by channel.",
                   fmt::format("channel=\"{}\"", message.channel))
      .add();
  co_return receipt;
}

} // namespace openclaw::messaging
