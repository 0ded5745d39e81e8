// What goes out through a messenger by a person's hand: messages, reactions, changes of what was said.
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "cli/channel_choice.hpp"
#include "cli/gateway_client.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

Result<json::object> target_params(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(auto params, channel_params(invocation));
  const auto target = invocation.value("target");
  if (!target)
    return fail(Kind::invalid, "To whom? The target is missing.",
                "Give --target, with an id that is listed by: openclaw directory peers list");
  params["to"] = *target;
  return params;
}

int done(Invocation& invocation, const json::value& answer, std::string_view what) {
  if (invocation.output().json())
    invocation.output().value(answer);
  else
    invocation.output().line(what);
  return 0;
}

Result<int> send(Invocation& invocation) {
  TRY(auto params, target_params(invocation));
  const auto message = invocation.value("message");
  const auto media = invocation.value("media");
  if (!message && !media)
    return fail(Kind::invalid, "There is nothing to send.", "Give --message TEXT or --media FILE.");
  SystemRandom random;
  params["message"] = message.value_or("");
  params["idempotencyKey"] = uuid_v7(SystemClock(), random);
  if (media) params["mediaUrl"] = *media;
  if (const auto reply_to = invocation.value("reply-to")) params["replyToId"] = *reply_to;
  if (const auto thread = invocation.value("thread-id")) params["threadId"] = *thread;
  if (invocation.has("dry-run")) return done(invocation, params, "Nothing was sent.");
  TRY(const auto answer, call_gateway(invocation, "send", std::move(params)));
  return done(invocation, answer, fmt::format("On its way as {}.", terminal_safe(string_or(answer, "messageId"))));
}

Result<int> act(Invocation& invocation, std::string_view action, std::string_view told) {
  TRY(auto params, target_params(invocation));
  const auto id = invocation.value("message-id");
  if (!id) return fail(Kind::invalid, "Which message? Its id is missing.", "Give --message-id.");
  params["action"] = action;
  params["messageId"] = *id;
  if (const auto emoji = invocation.value("emoji")) params["emoji"] = *emoji;
  if (const auto text = invocation.value("message")) params["message"] = *text;
  params["remove"] = invocation.has("remove");
  TRY(const auto answer, call_gateway(invocation, "message.action", std::move(params)));
  return done(invocation, answer, told);
}
Result<int> react(Invocation& invocation) {
  return act(invocation, "react", invocation.has("remove") ? "The reaction is gone." : "The reaction is there.");
}
Result<int> edit(Invocation& invocation) {
  return act(invocation, "edit", "The message is changed.");
}
Result<int> take_away(Invocation& invocation) {
  return act(invocation, "delete", "The message is gone.");
}

std::vector<Option> place(std::vector<Option> more, bool of_message) {
  std::vector<Option> all{{"target", 't', "TO", "The person or chat: an id of the platform, @name, #room."}};
  if (of_message) all.push_back({"message-id", 0, "ID", "The message's id there."});
  all.insert(all.end(), more.begin(), more.end());
  return channel_options(std::move(all));
}

} // namespace

void register_message(CommandTable& table) {
  const Option text{"message", 'm', "TEXT", "What it says, in markdown."};
  table.add({"message send", "Send a message through a messenger.", "",
             place({text,
                    {"media", 0, "FILE", "A file of the agent's workspace to send with it."},
                    {"reply-to", 0, "ID", "The message that it answers."},
                    {"thread-id", 0, "ID", "The thread or topic that it goes to."},
                    {"dry-run", 0, "", "Show what would be sent."}},
                   false),
             reporting(send)});
  table.add({"message react", "React to a message.", "",
             place({{"emoji", 0, "EMOJI", "The reaction."}, {"remove", 0, "", "Take it back."}}, true),
             reporting(react)});
  table.add({"message edit", "Change a message of ours.", "", place({text}, true), reporting(edit)});
  table.add({"message delete", "Take a message away.", "", place({}, true), reporting(take_away)});
}

} // namespace openclaw::cli
