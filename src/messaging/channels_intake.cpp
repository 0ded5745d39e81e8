// From a platform's event to an accepted message: every event passes here, and nothing reaches a model that was not
// admitted.
#include "agent/chat_command.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "messaging/channels.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

constexpr std::size_t kMostHeardChats = 500;
constexpr std::size_t kLongestHeard = 2000; // bytes of one message kept as context
constexpr std::size_t kLargestText = 256 * 1024;
constexpr std::size_t kMostFiles = 10;
// As OpenClaw: no I, O, 0 and 1, which people confuse.
constexpr std::string_view kCodeLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

std::string pairing_code(Random& random) {
  std::string code;
  for (int i = 0; i < 8; ++i)
    code += kCodeLetters[random.next() % kCodeLetters.size()];
  return code;
}

std::string name_of(const ports::Person& person) {
  const auto& shown = !person.name.empty() ? person.name : !person.handle.empty() ? person.handle : person.id;
  return printable(shown, 80);
}

std::string chat_key(const Account& account, const ports::Chat& chat) {
  return fmt::format("{}\n{}\n{}", account.settings().channel, account.settings().account, strand_of(chat));
}

std::vector<std::string> ids_of(const ports::Person& person) {
  std::vector<std::string> ids = person.other_ids;
  if (!person.id.empty()) ids.push_back(person.id);
  return ids;
}

Delivery delivery_to(const Account& account, const ports::InboundEvent& event) {
  return {account.settings().channel, account.settings().account, event.chat, event.message_id, event.reply_token};
}

// The placeholder that people know from OpenClaw.
std::string placeholder(const ports::Attachment& attachment) {
  constexpr std::string_view names[] = {"image", "audio", "audio", "video", "document", "sticker"};
  return fmt::format("<media:{}>", names[static_cast<std::size_t>(attachment.type)]);
}

// A name that says what it is and cannot be anything but a file in that folder.
std::string stored_name(const ports::Attachment& attachment, const std::string& id) {
  std::string ending;
  if (const auto dot = attachment.file_name.rfind('.');
      dot != std::string::npos && attachment.file_name.size() - dot <= 8)
    for (const char c : lowercase_ascii(attachment.file_name.substr(dot + 1)))
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) ending += c;
  if (ending.empty() && attachment.mime_type.starts_with("image/")) ending = attachment.mime_type.substr(6, 4);
  if (ending.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") != std::string::npos) ending.clear();
  return ending.empty() ? id : fmt::format("{}.{}", id, ending);
}

} // namespace

Task<> Channels::receive(Account& account, ports::InboundEvent event) {
  metrics::counter(
      "openclaw_channel_events_total", "Events from messengers.",
      fmt::format("channel=\"{}\",type=\"{}\"", account.settings().channel, ports::event_type_name(event.type)))
      .add();
  event.text = to_valid_utf8(utf8_prefix(event.text, kLargestText));
  switch (event.type) {
  case ports::EventType::message:
  case ports::EventType::command:
  case ports::EventType::callback:
    co_return co_await take_message(account, std::move(event));
  case ports::EventType::edit:
    // What was answered stays answered; what is only remembered is corrected.
    if (const auto heard = heard_.find(chat_key(account, event.chat)); heard != heard_.end())
      for (auto& said : heard->second)
        if (said.message_id == event.message_id) said.text = utf8_prefix(event.text, kLongestHeard);
    break;
  case ports::EventType::removal:
    if (const auto heard = heard_.find(chat_key(account, event.chat)); heard != heard_.end())
      std::erase_if(heard->second, [&](const Said& said) { return said.message_id == event.message_id; });
    break;
  case ports::EventType::reaction:
  case ports::EventType::membership:
    break; // noted by the counter; nothing answers them
  }
  account.save_checkpoint_later(std::move(event.checkpoint));
  co_return Result<>{};
}

Task<> Channels::take_message(Account& account, ports::InboundEvent event) {
  if (auto good = check_id(event.event_id, "event id"); !good) {
    account.warn(fmt::format("An event without a usable id was dropped: {}", good.error().message));
    account.save_checkpoint_later(std::move(event.checkpoint));
    co_return Result<>{};
  }
  const auto& settings = account.settings();
  const auto agent_id =
      bound_agent(config_, services_.runtime.settings().agents.front().id, settings, event.chat, event.from.id);
  const auto rules = access_rules(config_, settings, event.chat, agent_id);
  policy::Approach approach;
  approach.direct = event.chat.kind == ports::ChatKind::direct;
  approach.sender_ids = ids_of(event.from);
  approach.sender_is_bot = event.from.is_bot;
  approach.sender_is_self = event.from.is_self;
  approach.command = event.type == ports::EventType::command || agent::is_stop_word(event.text) ||
                     agent::parse_chat_command(event.text).has_value();
  approach.mentions_me = event.mentions_me || event.replies_to_me || event.type == ports::EventType::callback ||
                         policy::mentioned(event.text, rules.mention_patterns);
  for (const auto& id : approach.sender_ids) {
    CO_TRY(const bool paired,
           store::sender_allowed(services_.database.reader(), {settings.channel, settings.account}, id));
    approach.paired = approach.paired || paired;
  }
  const auto admission = policy::admit(approach, rules);
  switch (admission.verdict) {
  case policy::Entrance::accept:
    co_return co_await accept(account, std::move(event), agent_id, admission.may_command, approach.mentions_me);
  case policy::Entrance::pair:
    co_return co_await offer_pairing(account, event);
  case policy::Entrance::remember:
    remember(account, event);
    break;
  case policy::Entrance::ignore:
    log::debug("channels", "A message was not taken.",
               {{"channel", settings.channel},
                {"sender", printable(event.from.id, 64)},
                {"why", std::string(admission.reason)}});
    break;
  }
  account.save_checkpoint_later(std::move(event.checkpoint));
  co_return Result<>{};
}

void Channels::remember(const Account& account, const ports::InboundEvent& event) {
  const auto limit = delivery_settings(config_, account.settings()).history_limit;
  if (limit == 0) return;
  const auto key = chat_key(account, event.chat);
  const auto [heard, fresh] = heard_.try_emplace(key);
  if (fresh) {
    heard_order_.push_back(key);
    if (heard_order_.size() > kMostHeardChats) {
      heard_.erase(heard_order_.front());
      heard_order_.pop_front();
    }
  }
  auto text = std::string(utf8_prefix(event.text, kLongestHeard));
  for (const auto& attachment : event.attachments)
    text += " " + placeholder(attachment);
  heard->second.push_back({event.message_id, name_of(event.from), std::move(text)});
  while (heard->second.size() > limit)
    heard->second.pop_front();
}

// What was said since the last answer, once.
std::string Channels::context_of(const std::string& key) {
  const auto heard = heard_.find(key);
  if (heard == heard_.end() || heard->second.empty()) return {};
  std::string text = "[Said in this chat since your last answer, as context]\n";
  for (const auto& said : heard->second)
    text += fmt::format("{}: {}\n", said.who, said.text);
  heard->second.clear();
  return text + "[The message to answer]\n";
}

Task<> Channels::accept(Account& account, ports::InboundEvent event, std::string agent_id, bool may_command,
                        bool mentioned) {
  const auto& settings = account.settings();
  const bool direct = event.chat.kind == ports::ChatKind::direct;
  if (may_command && lowercase_ascii(trim(event.text)) == "/resend") co_return co_await resend(account, event);
  Inbound message;
  message.channel = settings.channel;
  message.dedupe_key = fmt::format("{}:{}", settings.account, event.event_id);
  message.run_id = uuid_v7(services_.time, services_.random);
  message.session_key = session_key(config_, agent_id, settings, event.chat, event.from.id);
  message.may_command = may_command;
  message.checkpoint = event.checkpoint;
  const auto delivery = delivery_to(account, event);
  message.delivery = to_text(json::value(to_json(delivery)));
  const bool command = may_command && (agent::is_stop_word(event.text) || agent::parse_chat_command(event.text));
  if (command) {
    message.text = event.text;
  } else {
    CO_TRY(const auto files, co_await with_files(account, event, agent_id));
    std::string text = direct ? event.text : fmt::format("{}: {}", name_of(event.from), event.text);
    if (event.quote && !event.quote->text.empty())
      text += fmt::format("\n[Replying to {}: \"{}\"]", printable(event.quote->from, 80),
                          printable(event.quote->text, 500));
    if (!files.empty()) text += (event.text.empty() ? "" : "\n") + files;
    message.text = (direct ? std::string() : context_of(chat_key(account, event.chat))) + text;
  }
  if (trim(message.text).empty()) {
    account.save_checkpoint_later(std::move(event.checkpoint));
    co_return Result<>{};
  }
  const auto how = delivery_settings(config_, settings);
  const bool acknowledge =
      how.ack_scope == "all" || (direct && how.ack_scope == "direct") ||
      (!direct && (how.ack_scope == "group-all" || (how.ack_scope == "group-mentions" && mentioned)));
  const auto run_id = message.run_id;
  if (auto held = find_account(settings.channel, settings.account); held && !command)
    replies_.expect(run_id, std::move(held), delivery, how, acknowledge);
  auto receipt = co_await services_.messaging.receive(std::move(message));
  if (!receipt) {
    replies_.forget(run_id);
    if (receipt.error().kind == Kind::busy || receipt.error().kind == Kind::invalid ||
        receipt.error().kind == Kind::missing) {
      // Trying again cannot help now, so the person is told, and the platform need not deliver it again.
      auto text = receipt.error().text();
      CO_TRY_VOID(co_await say(account, event, std::move(text)));
      account.save_checkpoint_later(std::move(event.checkpoint));
      co_return Result<>{};
    }
    co_return std::unexpected(receipt.error());
  }
  if (receipt->state == Receipt::State::stopped) {
    auto text = receipt->stopped_runs.empty() ? std::string("Nothing is running.") : std::string("Stopped.");
    CO_TRY_VOID(co_await say(account, event, std::move(text)));
    account.save_checkpoint_later(std::move(event.checkpoint));
  } else if (receipt->run_id != run_id) {
    replies_.forget(run_id); // delivered twice: the first one's run answers
    account.save_checkpoint_later(std::move(event.checkpoint));
  } else if (command) {
    account.save_checkpoint_later(std::move(event.checkpoint));
    outbox_.wake();
  }
  co_return Result<>{};
}

// Fetches what came with the message into the agent's workspace; says in words what is there and what is not.
Task<std::string> Channels::with_files(Account& account, const ports::InboundEvent& event, std::string agent_id) {
  std::string text;
  auto* files = account.channel().files();
  const auto settings = delivery_settings(config_, account.settings());
  const auto limit = settings.file_bytes > 0 ? settings.file_bytes : account.channel().capabilities().file_in_bytes;
  std::size_t count = 0;
  for (const auto& attachment : event.attachments) {
    if (!text.empty()) text += '\n';
    const auto name = printable(attachment.file_name.empty() ? attachment.mime_type : attachment.file_name, 100);
    const auto not_fetched = [&](std::string_view why) {
      text += fmt::format("{} ({} was not fetched: {})", placeholder(attachment), name, why);
    };
    if (!files) {
      not_fetched("this channel cannot fetch files");
      continue;
    }
    if (++count > kMostFiles) {
      not_fetched(fmt::format("at most {} files of a message are taken", kMostFiles));
      continue;
    }
    if (attachment.bytes > limit) {
      not_fetched(fmt::format("it has {} MB, at most {} MB are taken", attachment.bytes / 1048576, limit / 1048576));
      continue;
    }
    auto wanted = attachment;
    auto bytes = co_await files->fetch(std::move(wanted), static_cast<std::size_t>(limit));
    if (!bytes) {
      if (bytes.error().kind == Kind::cancelled) co_return std::unexpected(bytes.error());
      not_fetched(bytes.error().message);
      continue;
    }
    CO_TRY(const auto* workspace, services_.runtime.workspace_of(agent_id));
    const auto path =
        fmt::format("media/inbound/{}", stored_name(attachment, uuid_v7(services_.time, services_.random)));
    if (auto written = workspace->write_file(path, *bytes); !written) {
      not_fetched(written.error().message);
      continue;
    }
    text += fmt::format("{} {} ({}, {} bytes)", placeholder(attachment), path, name, bytes->size());
  }
  co_return text;
}

Task<> Channels::offer_pairing(Account& account, const ports::InboundEvent& event) {
  const auto& settings = account.settings();
  store::PairingRequest request;
  request.of = {settings.channel, settings.account};
  request.sender = event.from.id;
  request.name = name_of(event.from);
  request.code = pairing_code(services_.random);
  auto delivery = delivery_to(account, event);
  request.chat = to_text(json::value(to_json(delivery)));
  const auto now = services_.time.now_ms();
  const auto checkpoint = event.checkpoint;
  const auto id = uuid_v7(services_.time, services_.random);
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
  CO_TRY(const bool fresh, co_await services_.database.write<bool>(std::move(work)));
  if (fresh) {
    log::info("channels", "Somebody asks to talk to an agent. See: openclaw pairing list",
              {{"channel", settings.channel}, {"sender", printable(event.from.id, 64)}});
    outbox_.wake();
  }
  co_return Result<>{};
}

Task<> Channels::resend(Account& account, const ports::InboundEvent& event) {
  CO_TRY(const auto row, outbox_.last_trouble(account.settings().channel, strand_of(event.chat)));
  if (row) {
    auto id = row->id;
    CO_TRY_VOID(co_await outbox_.retry(std::move(id)));
  } else {
    CO_TRY_VOID(co_await say(account, event, "Everything I had to say to this chat has been delivered."));
  }
  account.save_checkpoint_later(event.checkpoint);
  co_return Result<>{};
}

Task<> Channels::say(Account& account, const ports::InboundEvent& event, std::string text) {
  // The same event gets the same words once, however often it is delivered.
  auto row =
      outgoing_row(delivery_to(account, event),
                   fmt::format("say:{}", sha256_hex(chat_key(account, event.chat) + event.event_id).substr(0, 32)),
                   "notice", as_notice(text), "", "", services_.time.now_ms());
  CO_TRY([[maybe_unused]] const bool fresh, co_await outbox_.add(std::move(row)));
  co_return Result<>{};
}

} // namespace openclaw::messaging
