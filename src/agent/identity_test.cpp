#include "agent/identity.hpp"

#include <gtest/gtest.h>

namespace openclaw::agent {
namespace {

TEST(Identity, LinesOfTheFileAreReadAndPlaceholdersAreNot) {
  const auto identity = parse_identity("# Identity\n- **Name:** Ada \n- **Emoji:** 🦊\n* Vibe: calm\n"
                                       "- **Creature:** (what are you?)\n- Avatar:\nname without a colon\n");
  EXPECT_EQ(identity.name, "Ada");
  EXPECT_EQ(identity.emoji, "🦊");
  EXPECT_EQ(identity.vibe, "calm");
  EXPECT_EQ(identity.creature, "");
  EXPECT_EQ(identity.avatar, "");
}

TEST(Identity, WithoutAFileTheSettingsName) {
  AgentSettings agent;
  agent.workspace = "/nowhere";
  EXPECT_EQ(identity_of(agent).name, "Assistant");
  EXPECT_EQ(identity_of(agent).avatar, "A");
}

} // namespace
} // namespace openclaw::agent
