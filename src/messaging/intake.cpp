#include "messaging/intake.hpp"

#include "agent/chat_command.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/text.hpp"
#include "messaging/activation.hpp"
#include "messaging/attachments.hpp"
#include "messaging/inbound_files.hpp"
#include "messaging/routing.hpp"
#include "messaging/senders.hpp"
#include "store/channel_history.hpp"
#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

constexpr std::size_t kLongestHeard = 2000; // bytes of one message kept as context
constexpr std::size_t kLargestText = 256 * 1024;

store::AccountName name_of(const Account& account) {
  return {account.settings().channel, account.settings().account};
}

std::string with_placeholders(const ports::InboundEvent& event) {
  auto text = std::string(utf8_prefix(event.text, kLongestHeard));
  for (const auto& attachment : event.attachments)
    text += (text.empty() ? "" : " ") + placeholder(attachment);
  return text;
}

std::string context_text(const std::vector<store::Said>& heard) {
  if (heard.empty()) return {};
  std::string text = "[Said in this chat since your last answer, as context]\n";
  for (const auto& said : heard)
    text += fmt::format("{}: {}\n", said.sender, said.text);
  return text + "[The message to answer]\n";
}

bool is_control(std::string_view text) {
  return agent::is_stop_word(text) || agent::parse_chat_command(text).has_value();
}

std::string hold_key(const Account& account, const ports::InboundEvent& event) {
  return fmt::format("{}\n{}\n{}\n{}", account.settings().channel, account.settings().account, strand_of(event.chat),
                     event.from.id);
}

} // namespace

Handling handling_of(ports::EventType type) {
  switch (type) {
  case ports::EventType::message:
  case ports::EventType::command:
  case ports::EventType::callback:
    return Handling::converse;
  case ports::EventType::edit:
    return Handling::correct;
  case ports::EventType::removal:
    return Handling::forget;
  case ports::EventType::reaction:
    return Handling::note;
  case ports::EventType::membership:
    return Handling::record;
  }
  return Handling::record;
}

Result<Intake::Judged> Intake::judge(const Account& account, const ports::InboundEvent& event) const {
  const auto& settings = account.settings();
  Judged judged;
  judged.agent_id = bound_agent(services_.config, services_.runtime.settings().agents.front().id, settings, event.chat,
                                event.from.id);
  judged.rules = access_rules(services_.config, settings, event.chat, judged.agent_id);
  if (event.chat.kind != ports::ChatKind::direct)
    if (const auto said = activation(account, event.chat); !said.empty())
      judged.rules.require_mention = said != "always";
  policy::Approach approach;
  approach.direct = event.chat.kind == ports::ChatKind::direct;
  approach.sender_ids = ids_of(event.from);
  approach.sender_is_bot = event.from.is_bot;
  approach.sender_is_self = event.from.is_self;
  approach.command = event.type == ports::EventType::command || is_control(event.text);
  judged.mentioned = event.mentions_me || event.replies_to_me || event.type == ports::EventType::callback ||
                     policy::mentioned(event.text, judged.rules.mention_patterns);
  approach.mentions_me = judged.mentioned;
  // Platforms do not say who took a message away; only what that person said is lost by it.
  if (event.type == ports::EventType::removal && approach.sender_ids.empty()) {
    judged.admission = {policy::Entrance::remember, false, "a removal"};
    return judged;
  }
  for (const auto& id : approach.sender_ids) {
    TRY(const bool paired, store::sender_allowed(services_.database.reader(), name_of(account), id));
    approach.paired = approach.paired || paired;
  }
  judged.owner = approach.paired || policy::listed(judged.rules.allow_from, approach.sender_ids);
  judged.admission = policy::admit(approach, judged.rules);
  return judged;
}

Task<> Intake::receive(Account& account, ports::InboundEvent event) {
  const auto& settings = account.settings();
  metrics::counter("openclaw_channel_events_total", "Events from messengers.",
                   fmt::format("channel=\"{}\",type=\"{}\"", settings.channel, ports::event_type_name(event.type)))
      .add();
  event.text = to_valid_utf8(utf8_prefix(event.text, kLargestText));
  if (auto good = check_id(event.event_id, "event id"); !good) {
    account.warn(fmt::format("An event without a usable id was dropped: {}", good.error().message));
    account.save_checkpoint_later(std::move(event.checkpoint));
    co_return Result<>{};
  }
  CO_TRY(auto judged, judge(account, event));
  const auto handling = handling_of(event.type);
  const auto verdict = judged.admission.verdict;
  const bool admitted = verdict == policy::Entrance::accept || verdict == policy::Entrance::remember;
  if (handling == Handling::converse) co_return co_await converse(account, std::move(event), std::move(judged));
  if (admitted && (handling == Handling::correct || handling == Handling::forget))
    co_return co_await change_remembered(account, std::move(event), handling);
  if (admitted && handling == Handling::note)
    co_return co_await note_reaction(account, std::move(event), std::move(judged.agent_id));
  log::debug("channels", "An event changed nothing.",
             {{"channel", settings.channel},
              {"type", std::string(ports::event_type_name(event.type))},
              {"chat", printable(event.chat.id, 64)},
              {"why", std::string(judged.admission.reason)}});
  account.save_checkpoint_later(std::move(event.checkpoint));
  co_return Result<>{};
}

Task<> Intake::converse(Account& account, ports::InboundEvent event, Judged judged) {
  switch (judged.admission.verdict) {
  case policy::Entrance::accept:
    co_return co_await accept(account, std::move(event), std::move(judged));
  case policy::Entrance::pair:
    co_return co_await services_.pairing.offer(account, std::move(event));
  case policy::Entrance::remember:
    // Who has just spoken to us goes on speaking to us.
    if (services_.debounce.holds(hold_key(account, event)))
      co_return co_await accept(account, std::move(event), std::move(judged));
    co_return co_await remember(account, std::move(event), std::move(judged.agent_id));
  case policy::Entrance::ignore:
    break;
  }
  log::debug("channels", "A message was not taken.",
             {{"channel", account.settings().channel},
              {"sender", printable(event.from.id, 64)},
              {"why", std::string(judged.admission.reason)}});
  // A platform's own command shows "thinking…" until it is answered.
  if (event.type == ports::EventType::command && !event.reply_token.empty()) {
    auto refused = event;
    CO_TRY_VOID(co_await say(account, std::move(refused), "You are not let in here."));
  }
  account.save_checkpoint_later(std::move(event.checkpoint));
  co_return Result<>{};
}

Task<> Intake::remember(Account& account, ports::InboundEvent event, std::string agent_id) {
  const auto limit = delivery_settings(services_.config, account.settings(), agent_id, event.chat.kind).history_limit;
  auto text = with_placeholders(event);
  if (limit == 0 || trim(text).empty()) {
    account.save_checkpoint_later(std::move(event.checkpoint));
    co_return Result<>{};
  }
  store::Said said{0, event.message_id, messaging::name_of(event.from), std::move(text)};
  co_return co_await write([of = name_of(account), chat = strand_of(event.chat), said = std::move(said), limit,
                            checkpoint = event.checkpoint,
                            now = services_.time.now_ms()](store::Connection& connection) -> Result<> {
    TRY_VOID(store::remember_said(connection, of, chat, said, limit));
    if (checkpoint.empty()) return {};
    return store::set_channel_fact(connection, of, Account::kCheckpoint, checkpoint, now);
  });
}

// What was answered stays answered; what only waits as context is put right.
Task<> Intake::change_remembered(Account& account, ports::InboundEvent event, Handling handling) {
  auto text = handling == Handling::correct ? with_placeholders(event) : std::string();
  co_return co_await write([of = name_of(account), chat = strand_of(event.chat), text = std::move(text),
                            id = event.message_id, handling, checkpoint = event.checkpoint,
                            now = services_.time.now_ms()](store::Connection& connection) -> Result<> {
    if (handling == Handling::correct)
      TRY_VOID(store::correct_said(connection, of, chat, id, text));
    else
      TRY_VOID(store::forget_said(connection, of, chat, id));
    if (checkpoint.empty()) return {};
    return store::set_channel_fact(connection, of, Account::kCheckpoint, checkpoint, now);
  });
}

Task<> Intake::note_reaction(Account& account, ports::InboundEvent event, std::string agent_id) {
  const auto& settings = account.settings();
  account.save_checkpoint_later(std::move(event.checkpoint));
  const auto mode = reaction_notices(settings, event.chat, event.from);
  if (mode == ReactionNotices::off) co_return Result<>{};
  if (mode == ReactionNotices::own) {
    CO_TRY(const bool ours, store::sent_by_us(services_.database.reader(), settings.channel, settings.account,
                                              event.chat.id, event.message_id));
    if (!ours) co_return Result<>{};
  }
  CO_TRY(const auto key,
         services_.messaging.canonical(session_key(services_.config, agent_id, settings, event.chat, event.from)));
  services_.runtime.add_notice(key.canonical,
                               fmt::format("{} reaction {}: {} by {} on message {}", settings.channel,
                                           event.reaction_removed ? "removed" : "added", printable(event.emoji, 64),
                                           messaging::name_of(event.from), printable(event.message_id, 64)));
  co_return Result<>{};
}

// The words as the agent reads them: who says them, what they answer, what came with them.
Task<> Intake::compose(Account& account, ports::InboundEvent event, std::string agent_id, std::int64_t most,
                       Inbound& message) {
  const bool direct = event.chat.kind == ports::ChatKind::direct;
  auto attachments = event.attachments;
  CO_TRY(auto files,
         co_await take_files(services_.runtime, account.channel(), std::move(attachments), std::move(agent_id), most));
  message.text = direct ? event.text : fmt::format("{}: {}", messaging::name_of(event.from), event.text);
  if (event.quote && !event.quote->text.empty())
    message.text +=
        fmt::format("\n[Replying to {}: \"{}\"]", printable(event.quote->from, 80), printable(event.quote->text, 500));
  if (!files.lines.empty()) message.text += (event.text.empty() ? "" : "\n") + files.lines;
  message.images = std::move(files.pictures);
  co_return Result<>{};
}

Task<> Intake::accept(Account& account, ports::InboundEvent event, Judged judged) {
  const auto& settings = account.settings();
  const bool direct = event.chat.kind == ports::ChatKind::direct;
  const auto of = name_of(account);
  const auto chat = strand_of(event.chat);
  const bool may_command = judged.admission.may_command && (event.type == ports::EventType::command ||
                                                            text_commands(services_.config, account.channel()));
  const bool command = may_command && is_control(event.text);
  Inbound message;
  message.channel = settings.channel;
  message.dedupe_key = fmt::format("{}:{}", settings.account, event.event_id);
  // Delivered twice: nothing of it is fetched or read again.
  CO_TRY(const auto known, store::find_message(services_.database.reader(), message.channel, message.dedupe_key));
  if (known) {
    account.save_checkpoint_later(std::move(event.checkpoint));
    co_return Result<>{};
  }
  if (may_command) {
    auto asked = event;
    CO_TRY(const bool done, co_await chat_command(account, std::move(asked), judged.owner));
    if (done) co_return Result<>{};
  }
  message.run_id = uuid_v7(services_.time, services_.random);
  message.session_key = session_key(services_.config, judged.agent_id, settings, event.chat, event.from);
  message.may_command = may_command;
  message.origin = {settings.channel,    settings.account,
                    event.chat.space_id, direct ? std::string() : event.chat.id,
                    event.from.id,       direct ? direct_history_turns(settings, event.from) : 0};
  const auto delivery = delivery_to(account, event);
  message.delivery = to_text(json::value(to_json(delivery)));
  const auto how = delivery_settings(services_.config, settings, judged.agent_id, event.chat.kind);
  const auto key = hold_key(account, event);
  const bool joins = services_.debounce.holds(key) && !command && event.attachments.empty();
  std::int64_t heard_through = 0;
  if (command) {
    message.text = event.text;
  } else {
    auto given = event;
    auto agent_id = judged.agent_id;
    const auto most = how.file_bytes > 0 ? how.file_bytes : account.channel().capabilities().file_in_bytes;
    CO_TRY_VOID(co_await compose(account, std::move(given), std::move(agent_id), most, message));
    if (!direct && !joins) {
      CO_TRY(const auto heard, store::said_in(services_.database.reader(), of, chat));
      if (!heard.empty()) heard_through = heard.back().sequence;
      message.text = context_text(heard) + message.text;
    }
  }
  if (trim(message.text).empty()) {
    account.save_checkpoint_later(std::move(event.checkpoint));
    co_return Result<>{};
  }
  message.with_it = [of, chat, heard_through, checkpoint = event.checkpoint,
                     now = services_.time.now_ms()](store::Connection& connection) -> Result<> {
    if (heard_through > 0) TRY_VOID(store::take_said(connection, of, chat, heard_through));
    if (checkpoint.empty()) return {};
    return store::set_channel_fact(connection, of, Account::kCheckpoint, checkpoint, now);
  };
  const auto run_id = message.run_id;
  if (auto held = services_.accounts.find(settings.channel, settings.account); held && !command && !joins)
    services_.replies.expect(run_id, std::move(held), delivery, how,
                             acknowledged(how, direct, judged.mentioned, !judged.rules.require_mention));
  // Pictures and commands do not wait, and do not overtake what waits.
  const auto pause = command || !event.attachments.empty() ? 0 : debounce_ms(services_.config, settings.channel);
  if (pause == 0) CO_TRY_VOID(co_await services_.debounce.release(key));
  auto receipt = pause > 0 ? services_.debounce.take(key, std::move(message), pause)
                           : services_.messaging.receive(std::move(message));
  auto taken = co_await std::move(receipt);
  if (!taken) {
    services_.replies.forget(run_id);
    const auto kind = taken.error().kind;
    if (kind != Kind::busy && kind != Kind::invalid && kind != Kind::missing) co_return std::unexpected(taken.error());
    // Trying again cannot help now, so the person is told, and the platform need not deliver it again.
    auto text = taken.error().text();
    auto told = event;
    CO_TRY_VOID(co_await say(account, std::move(told), std::move(text)));
  } else if (taken->state == Receipt::State::stopped) {
    auto text = taken->stopped_runs.empty() ? std::string("Nothing is running.") : std::string("Stopped.");
    auto told = event;
    CO_TRY_VOID(co_await say(account, std::move(told), std::move(text)));
  } else if (taken->run_id != run_id) {
    services_.replies.forget(run_id); // another message's run answers it
    if (joins) co_return Result<>{};
  } else if (command) {
    services_.outbox.wake();
  } else {
    co_return Result<>{}; // the checkpoint is stored with it
  }
  account.save_checkpoint_later(std::move(event.checkpoint));
  co_return Result<>{};
}

Task<bool> Intake::chat_command(Account& account, ports::InboundEvent event, bool owner) {
  const auto command = agent::parse_chat_command(event.text);
  if (!command) co_return false;
  if (command->name == "resend") {
    CO_TRY_VOID(co_await resend(account, std::move(event)));
    co_return true;
  }
  if (command->name == "activation") {
    CO_TRY_VOID(co_await activate(account, std::move(event), owner));
    co_return true;
  }
  co_return false;
}

Task<> Intake::activate(Account& account, ports::InboundEvent event, bool owner) {
  account.save_checkpoint_later(std::move(event.checkpoint));
  const auto wanted = lowercase_ascii(agent::parse_chat_command(event.text)->argument);
  if (event.chat.kind == ports::ChatKind::direct)
    co_return co_await say(account, std::move(event), "Here I answer each message; /activation is for groups.");
  if (!owner) co_return co_await say(account, std::move(event), "Only those whom allowFrom names may change this.");
  if (wanted == "always" || wanted == "mention") {
    auto chat = event.chat;
    CO_TRY_VOID(co_await set_activation(account, std::move(chat), wanted));
    co_return co_await say(account, std::move(event),
                           wanted == "always" ? "I answer every message in this group now."
                                              : "I answer here when I am mentioned.");
  }
  const auto now = activation(account, event.chat);
  co_return co_await say(account, std::move(event),
                         fmt::format("Set here: {}. Write /activation always, or /activation mention.",
                                     now.empty() ? "as the configuration says" : now));
}

Task<> Intake::resend(Account& account, ports::InboundEvent event) {
  CO_TRY(const auto row, services_.outbox.last_trouble(account.settings().channel, strand_of(event.chat)));
  account.save_checkpoint_later(event.checkpoint);
  if (!row)
    co_return co_await say(account, std::move(event), "Everything I had to say to this chat has been delivered.");
  auto id = row->id;
  co_return co_await services_.outbox.retry(std::move(id));
}

Task<> Intake::say(Account& account, ports::InboundEvent event, std::string text) {
  // The same event gets the same words once, however often it is delivered.
  const auto seed = fmt::format("{}\n{}\n{}\n{}", account.settings().channel, account.settings().account,
                                strand_of(event.chat), event.event_id);
  auto row = outgoing_row(delivery_to(account, event), fmt::format("say:{}", sha256_hex(seed).substr(0, 32)), "notice",
                          as_notice(text), "", "", services_.time.now_ms());
  CO_TRY([[maybe_unused]] const bool fresh, co_await services_.outbox.add(std::move(row)));
  co_return Result<>{};
}

// On disk with the next synced write, and before that with whatever ends this process: the platform's own memory covers
// the loss of power.
Task<> Intake::write(std::function<Result<>(store::Connection&)> work) {
  std::function<Result<bool>(store::Connection&)> save = [work](store::Connection& connection) -> Result<bool> {
    TRY_VOID(work(connection));
    return true;
  };
  CO_TRY([[maybe_unused]] const bool saved,
         co_await services_.database.write<bool>(std::move(save), store::Durability::soon));
  co_return Result<>{};
}

} // namespace openclaw::messaging
