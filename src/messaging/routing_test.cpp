#include "messaging/routing.hpp"

#include <gtest/gtest.h>

namespace openclaw::messaging {
namespace {

json::value parsed(std::string_view text) {
  auto value = parse_json(text, "test");
  EXPECT_TRUE(value) << text;
  return value ? *value : json::value();
}
AccountSettings account(std::string_view values, std::string name = "default", std::string channel = "discord") {
  return {std::move(channel), std::move(name), true, parsed(values).as_object()};
}
ports::Chat room(std::string id, std::string space = "g1", std::string title = "") {
  ports::Chat chat;
  chat.id = std::move(id);
  chat.kind = ports::ChatKind::channel;
  chat.space_id = std::move(space);
  chat.title = std::move(title);
  return chat;
}
ports::Person person(std::string id) {
  ports::Person who;
  who.id = std::move(id);
  return who;
}

TEST(AccessRules, ARoomsKeysComeOverThoseOfItsGuild) {
  const auto settings = account(R"({"guilds":{"g1":{"requireMention":false,"users":["u1"],
    "channels":{"c1":{"users":["u2"]},"general":{"requireMention":true}}},"*":{"channels":{"c9":{}}}}})");
  const auto own = access_rules({}, settings, room("c1"), "main");
  EXPECT_TRUE(own.group_listed);
  EXPECT_FALSE(own.require_mention);
  EXPECT_EQ(own.group_allow_from, std::vector<std::string>{"u2"});
  const auto named = access_rules({}, settings, room("c2", "g1", "#General"), "main");
  EXPECT_TRUE(named.require_mention);
  EXPECT_EQ(named.group_allow_from, std::vector<std::string>{"u1"});
  EXPECT_FALSE(access_rules({}, settings, room("c3"), "main").group_listed);
  EXPECT_TRUE(access_rules({}, settings, room("c9", "g2"), "main").group_listed);
}

TEST(AccessRules, OutsideOfAGuildANameOpensNothing) {
  const auto settings = account(R"({"groups":{"general":{}}})");
  EXPECT_FALSE(access_rules({}, settings, room("-5", "", "general"), "main").group_listed);
}

TEST(AccessRules, AllowlistOnlyClosesAndOpensNothing) {
  const auto rules = [](std::string_view values) { return access_rules({}, account(values), room("c"), "main"); };
  const auto open = rules(R"({"allowlistOnly":true,"dm":{"policy":"open"},"groupPolicy":"open"})");
  EXPECT_EQ(open.direct, policy::DirectPolicy::allowlist);
  EXPECT_EQ(open.group, policy::GroupPolicy::allowlist);
  EXPECT_EQ(rules(R"({"allowlistOnly":true})").direct, policy::DirectPolicy::allowlist) << "no codes either";
  const auto off = rules(R"({"allowlistOnly":true,"dm":{"policy":"disabled"},"groupPolicy":"disabled"})");
  EXPECT_EQ(off.direct, policy::DirectPolicy::disabled);
  EXPECT_EQ(off.group, policy::GroupPolicy::disabled);
  EXPECT_EQ(rules(R"({"allowlistOnly":false,"dm":{"policy":"open"}})").direct, policy::DirectPolicy::open);
}

TEST(AccessRules, AnAgentsNameIsAMentionWhereNoPatternsAreSet) {
  const auto config = parsed(R"({"agents":{"list":[{"id":"main","identity":{"name":"Claw Bot"}}]}})");
  const auto rules = access_rules(config, account("{}"), room("c"), "main");
  EXPECT_TRUE(policy::mentioned("hey @claw  bot, look", rules.mention_patterns));
  EXPECT_FALSE(policy::mentioned("clawbotany", rules.mention_patterns));
  const auto set = parsed(R"({"messages":{"groupChat":{"mentionPatterns":["computer"]}},"agents":{"list":[
    {"id":"main","identity":{"name":"Claw"}},{"id":"own","groupChat":{"mentionPatterns":["mine"]}}]}})");
  EXPECT_FALSE(policy::mentioned("claw", access_rules(set, account("{}"), room("c"), "main").mention_patterns));
  EXPECT_TRUE(policy::mentioned("COMPUTER", access_rules(set, account("{}"), room("c"), "main").mention_patterns));
  EXPECT_TRUE(policy::mentioned("mine", access_rules(set, account("{}"), room("c"), "own").mention_patterns));
}

// parity: 1.4-bindings
TEST(Routing, TheMostSpecialBindingChoosesTheAgent) {
  const auto config = parsed(R"({"bindings":[
    {"agentId":"all","match":{"channel":"discord","accountId":"*"}},
    {"agentId":"account","match":{"channel":"discord"}},
    {"agentId":"guild","match":{"channel":"discord","guildId":"g1"}},
    {"agentId":"peer","match":{"channel":"discord","peer":{"kind":"channel","id":"c1"}}}]})");
  const auto settings = account("{}");
  EXPECT_EQ(bound_agent(config, "main", settings, room("c1"), "u"), "peer");
  EXPECT_EQ(bound_agent(config, "main", settings, room("c2"), "u"), "guild");
  EXPECT_EQ(bound_agent(config, "main", settings, room("c2", "g2"), "u"), "account");
  EXPECT_EQ(bound_agent(config, "main", account("{}", "second"), room("c2", "g2"), "u"), "all");
  EXPECT_EQ(bound_agent(config, "main", account("{}", "default", "slack"), room("c2"), "u"), "main");
}

// parity: 1.5-dm-scope
TEST(Routing, DirectMessagesShareSessionsAsDmScopeAndIdentityLinksSay) {
  ports::Chat direct;
  direct.id = "5";
  const auto key = [&](std::string_view config, std::string channel, std::string who) {
    return session_key(parsed(config), "main", account("{}", "default", std::move(channel)), direct,
                       person(std::move(who)));
  };
  EXPECT_EQ(key("{}", "telegram", "7"), "agent:main:main");
  EXPECT_EQ(key(R"({"session":{"dmScope":"per-channel-peer"}})", "telegram", "7"), "agent:main:telegram:dm:7");
  EXPECT_EQ(key(R"({"session":{"dmScope":"per-account-channel-peer"}})", "telegram", "7"),
            "agent:main:telegram:default:dm:7");
  const auto linked = R"({"session":{"dmScope":"per-peer","identityLinks":{"ada":["telegram:7","discord:99"]}}})";
  EXPECT_EQ(key(linked, "telegram", "7"), "agent:main:dm:ada");
  EXPECT_EQ(key(linked, "discord", "99"), "agent:main:dm:ada");
  EXPECT_EQ(key(linked, "discord", "7"), "agent:main:dm:7");
}

TEST(DeliverySettings, MarksAndPrefixesAreTheAgentsOwn) {
  const auto config = parsed(R"({"messages":{"responsePrefix":"auto"},
    "agents":{"list":[{"id":"main","identity":{"name":"Claw","emoji":"🦞"}}]}})");
  const auto settings = delivery_settings(config, account("{}"), "main", ports::ChatKind::group);
  EXPECT_EQ(settings.ack_emoji, "🦞");
  EXPECT_EQ(settings.prefix, "[Claw]");
  EXPECT_TRUE(acknowledged(settings, false, true, false));
  EXPECT_FALSE(acknowledged(settings, false, false, true));
  EXPECT_FALSE(acknowledged(settings, true, true, false));
  EXPECT_EQ(response_prefix("[{Model} {provider}]", "openai/gpt-4o"), "[gpt-4o openai]");
  EXPECT_EQ(response_prefix("[{model}]", ""), "[{model}]");
}

TEST(DeliverySettings, WhatsAppSaysItselfWhatIsMarked) {
  const auto config = parsed(R"({"messages":{"ackReaction":"👀","ackReactionScope":"all"}})");
  const auto of = [&](std::string own) {
    return delivery_settings(config, account(R"({"ackReaction":)" + own + "}", "default", "whatsapp"), "main",
                             ports::ChatKind::group);
  };
  const auto usual = of(R"({"emoji":"🫡"})");
  EXPECT_EQ(usual.ack_emoji, "🫡");
  EXPECT_TRUE(acknowledged(usual, true, false, false));
  EXPECT_TRUE(acknowledged(usual, false, true, false));
  EXPECT_TRUE(acknowledged(usual, false, false, true)) << "a group that needs no mention";
  EXPECT_FALSE(acknowledged(usual, false, false, false));
  const auto groups = of(R"({"emoji":"🫡","direct":false,"group":"always"})");
  EXPECT_FALSE(acknowledged(groups, true, true, false));
  EXPECT_TRUE(acknowledged(groups, false, false, false));
  const auto people = of(R"({"emoji":"🫡","group":"never"})");
  EXPECT_TRUE(acknowledged(people, true, false, false));
  EXPECT_FALSE(acknowledged(people, false, true, true));
  EXPECT_EQ(of(R"({"direct":true})").ack_emoji, "") << "without an emoji there is none";
}

TEST(DeliverySettings, DebounceAndHistoryAreOfTheChannelAndThePerson) {
  const auto config = parsed(R"({"messages":{"inbound":{"debounceMs":2000,"byChannel":{"slack":0}}}})");
  EXPECT_EQ(debounce_ms(config, "telegram"), 2000);
  EXPECT_EQ(debounce_ms(config, "slack"), 0);
  const auto settings = account(R"({"dmHistoryLimit":9,"dms":{"7":{"historyLimit":3}}})");
  EXPECT_EQ(direct_history_turns(settings, person("7")), 3);
  EXPECT_EQ(direct_history_turns(settings, person("8")), 9);
}

} // namespace
} // namespace openclaw::messaging
