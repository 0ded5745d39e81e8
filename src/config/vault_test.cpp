#include "config/vault.hpp"

#include "config/files.hpp"
#include "config/redact.hpp"
#include "config/secret_reference.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace openclaw::config {
namespace {

class VaultTest : public testing::Test {
protected:
  VaultTest()
      : folder_((std::filesystem::temp_directory_path() / fmt::format("openclaw-vault-{}-{}", ::getpid(), ++count_))
                    .string()) {
    std::filesystem::create_directories(folder_);
    ::chmod(folder_.c_str(), 0700);
  }
  ~VaultTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Vault vault(Environment environment = {}) const { return {folder_, environment}; }
  std::string bytes() const { return **read_small_file(folder_ + "/vault", 1 << 20); }
  void put(const std::string& name, const std::string& content, mode_t mode = 0600) const {
    ASSERT_TRUE(replace_file(folder_ + "/" + name, content));
    ::chmod((folder_ + "/" + name).c_str(), mode);
  }
  json::value resolved(const std::string& text, std::vector<Problem>* problems = nullptr,
                       const Environment& environment = {}) const {
    auto value = *parse_json(text, "test");
    auto found = put_secrets_in(value, environment, folder_);
    if (problems) *problems = std::move(found);
    return value;
  }
  static inline int count_ = 0;
  std::string folder_;
};

TEST_F(VaultTest, KeepsASecretThatNoFileOfTheStateFolderShows) {
  ASSERT_TRUE(vault().set("openai:main", Secret("canary-value"), 42));
  const auto found = vault().find("openai:main");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->reveal(), "canary-value");
  const auto entries = vault().list();
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 1U);
  EXPECT_EQ(entries->front().changed_ms, 42);
  EXPECT_EQ(bytes().find("canary"), std::string::npos);
  EXPECT_EQ(bytes().find("openai"), std::string::npos) << "names are sealed as well";
  for (const char* name : {"/vault", "/vault.key"}) {
    struct stat about{};
    ASSERT_EQ(::stat((folder_ + name).c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U) << name;
  }
}

TEST_F(VaultTest, ForgetsWhatIsRemovedAndSaysWhenItWasNotThere) {
  ASSERT_TRUE(vault().set("one", Secret("1"), 1));
  EXPECT_TRUE(*vault().remove("one"));
  EXPECT_FALSE(*vault().remove("one"));
  EXPECT_FALSE(*vault().find("one"));
}

TEST_F(VaultTest, RefusesNamesAndValuesThatItCouldNotGiveBack) {
  for (const std::string name : {"", "a b", "../x", "a/b", "ü"})
    EXPECT_FALSE(vault().set(name, Secret("value"), 1)) << name;
  EXPECT_FALSE(vault().set("empty", Secret(""), 1));
  EXPECT_FALSE(vault().set("binary", Secret(std::string("a\0b", 3)), 1));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/vault"));
}

TEST_F(VaultTest, LeavesADamagedFileAsItIs) {
  ASSERT_TRUE(vault().set("one", Secret("1"), 1));
  const auto good = bytes();
  for (const std::size_t at : {std::size_t{0}, std::size_t{18}, good.size() / 2, good.size() - 1}) {
    auto bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    put("vault", bad);
    const auto found = vault().find("one");
    ASSERT_FALSE(found) << at;
    EXPECT_NE(found.error().message.find("left as it is"), std::string::npos) << found.error().message;
    EXPECT_FALSE(vault().set("two", Secret("2"), 1));
    EXPECT_FALSE(vault().remove("one"));
    EXPECT_EQ(bytes(), bad);
  }
  for (const std::string& bad : {std::string(), good.substr(0, 20), good.substr(0, good.size() - 30)}) {
    put("vault", bad);
    EXPECT_FALSE(vault().list());
    EXPECT_FALSE(vault().set("two", Secret("2"), 1));
  }
}

TEST_F(VaultTest, MakesNoNewKeyWhereTheOldOneIsLost) {
  ASSERT_TRUE(vault().set("one", Secret("1"), 1));
  const auto good = bytes();
  std::filesystem::remove(folder_ + "/vault.key");
  const auto set = vault().set("two", Secret("2"), 1);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().kind, Kind::denied);
  EXPECT_EQ(bytes(), good);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/vault.key"));
}

TEST_F(VaultTest, DoesNotUseAKeyThatOthersCanRead) {
  ASSERT_TRUE(vault().set("one", Secret("1"), 1));
  ::chmod((folder_ + "/vault.key").c_str(), 0640);
  const auto found = vault().find("one");
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().hint.find("chmod 600"), std::string::npos);
}

TEST_F(VaultTest, PrefersTheCredentialOfSystemdAndStillOpensWhatTheFileSealed) {
  put("openclaw-vault-key", std::string(64, 'a') + "\n");
  const Environment environment({{"CREDENTIALS_DIRECTORY", folder_}});
  ASSERT_TRUE(vault(environment).set("one", Secret("1"), 1));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/vault.key"));
  EXPECT_EQ(vault(environment).describe()->place, Vault::KeyPlace::credential);
  const auto without = vault().find("one");
  ASSERT_FALSE(without);
  EXPECT_NE(without.error().message.find("systemd"), std::string::npos);
  std::filesystem::remove(folder_ + "/vault");
  ASSERT_TRUE(vault().set("two", Secret("2"), 1));
  EXPECT_EQ((*vault(environment).find("two"))->reveal(), "2");
}

TEST_F(VaultTest, ARandomKeyIsTheSameAtEachCallAndAnotherForEachName) {
  const auto key = vault().random_key("channels.whatsapp.default.keys", 7);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->reveal().size(), 32U);
  EXPECT_EQ(vault().random_key("channels.whatsapp.default.keys", 8)->reveal(), key->reveal());
  EXPECT_NE(vault().random_key("channels.whatsapp.work.keys", 9)->reveal(), key->reveal());
  EXPECT_EQ(vault().list()->front().changed_ms, 7);
  ASSERT_TRUE(vault().set("channels.whatsapp.default.keys", Secret("no key"), 10));
  EXPECT_EQ(vault().random_key("channels.whatsapp.default.keys", 11).error().kind, Kind::invalid);
}

TEST_F(VaultTest, ReferencesBecomeTheirSecretsInTheValue) {
  ASSERT_TRUE(vault().set("openai", Secret("from-vault"), 1));
  put("plain", "from-file\n");
  put("many.json", R"({"providers":{"x":{"apiKey":"from-json"}}})");
  const Environment environment({{"THE_KEY", "from-environment"}});
  std::vector<Problem> problems;
  const auto value =
      resolved(fmt::format(R"({{"secrets":{{"providers":{{"many":{{"source":"file","path":"{0}/many.json"}}}}}},
        "models":{{"providers":{{
          "a":{{"apiKey":{{"source":"vault","id":"openai"}}}},
          "b":{{"apiKey":{{"source":"env","provider":"default","id":"THE_KEY"}}}},
          "c":{{"apiKey":{{"source":"file","path":"{0}/plain"}}}},
          "d":{{"headers":{{"X":{{"source":"file","provider":"many","id":"/providers/x/apiKey"}}}}}},
          "e":{{"apiKey":"plain"}}}}}}}})",
                           folder_),
               &problems, environment);
  EXPECT_TRUE(problems.empty()) << problems.front().message;
  const auto at = [&](const char* path) { return std::string(find_path(value, path)->get_string()); };
  EXPECT_EQ(at("models.providers.a.apiKey"), "from-vault");
  EXPECT_EQ(at("models.providers.b.apiKey"), "from-environment");
  EXPECT_EQ(at("models.providers.c.apiKey"), "from-file");
  EXPECT_EQ(at("models.providers.d.headers.X"), "from-json");
  EXPECT_EQ(at("models.providers.e.apiKey"), "plain");
  const auto shown = to_text(redact_for_display(value));
  EXPECT_EQ(shown.find("from-"), std::string::npos) << shown;
}

TEST_F(VaultTest, AReferenceThatCannotBeFollowedIsAProblemThatSaysWhy) {
  put("open", "secret", 0644);
  const auto message = [&](const std::string& reference) {
    std::vector<Problem> problems;
    const auto value = resolved(R"({"gateway":{"auth":{"token":)" + reference + "}}}", &problems);
    EXPECT_EQ(problems.size(), 1U) << reference;
    EXPECT_EQ(*find_path(value, "gateway.auth.token"), json::value(json::string()));
    if (problems.empty()) return std::string();
    EXPECT_EQ(problems[0].path, "gateway.auth.token");
    return problems[0].message;
  };
  EXPECT_NE(message(R"({"source":"vault","id":"nothing"})").find("not there"), std::string::npos);
  EXPECT_NE(message(R"({"source":"env","id":"NOTHING"})").find("not set"), std::string::npos);
  EXPECT_NE(message(R"({"source":"file","path":"relative"})").find("which"), std::string::npos);
  EXPECT_NE(message(fmt::format(R"({{"source":"file","path":"{}/open"}})", folder_)).find("others can read"),
            std::string::npos);
  EXPECT_NE(message(R"({"source":"exec","provider":"op","id":"x"})").find("runs none"), std::string::npos);
}

TEST_F(VaultTest, AReferenceIsShownAndKeptAsItIsWritten) {
  const std::string text =
      R"({"gateway":{"auth":{"token":{"source":"vault","id":"gateway"}}},"a":{"apiKey":"plain-one"}})";
  EXPECT_EQ(redact_text_for_display(text),
            R"({"gateway":{"auth":{"token":{"source":"vault","id":"gateway"}}},"a":{"apiKey":"***"}})");
  const auto plain = plain_secrets(text);
  ASSERT_EQ(plain.size(), 1U);
  EXPECT_EQ(path_text(plain[0].path), "a.apiKey");
  EXPECT_EQ(plain[0].value, "plain-one");
}

} // namespace
} // namespace openclaw::config
