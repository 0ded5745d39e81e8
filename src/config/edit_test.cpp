#include "config/edit.hpp"

#include "base/ids.hpp"
#include "config/json5.hpp"
#include <boost/json/parse.hpp>
#include <fmt/core.h>
#include <gtest/gtest.h>

namespace openclaw::config {
namespace {

std::string set(std::string_view text, std::string_view path, std::string_view value) {
  const auto out = set_in_text(text, parse_path(path).value(), json::parse(value));
  return out ? *out : "error: " + out.error().message;
}
std::string unset(std::string_view text, std::string_view path) {
  const auto out = unset_in_text(text, parse_path(path).value());
  return out ? *out : "error: " + out.error().message;
}

constexpr std::string_view kOwners = R"({
  // who listens
  gateway: {
    port: 18789, // the usual one
    bind: 'loopback' /* only here */
  },

  models: { mode: "merge" },
}
)";

TEST(Edit, SettingAValueChangesItsLineAlone) {
  EXPECT_EQ(set(kOwners, "gateway.port", "1"), R"({
  // who listens
  gateway: {
    port: 1, // the usual one
    bind: 'loopback' /* only here */
  },

  models: { mode: "merge" },
}
)");
}

TEST(Edit, ANewMemberFollowsTheStyleOfItsNeighbours) {
  EXPECT_EQ(set(kOwners, "gateway.mode", "\"local\""), R"({
  // who listens
  gateway: {
    port: 18789, // the usual one
    bind: 'loopback', /* only here */
    mode: "local"
  },

  models: { mode: "merge" },
}
)");
  EXPECT_EQ(set(kOwners, "models.providers.a.baseUrl", "\"http://x\""), R"({
  // who listens
  gateway: {
    port: 18789, // the usual one
    bind: 'loopback' /* only here */
  },

  models: { mode: "merge", providers: {
    a: {
      baseUrl: "http://x"
    }
  } },
}
)");
  EXPECT_EQ(set("{\r\n\t\"a\": 1\r\n}", "b", "{\"c\":[1,2]}"),
            "{\r\n\t\"a\": 1,\r\n\t\"b\": {\r\n\t\t\"c\": [1, 2]\r\n\t}\r\n}");
}

TEST(Edit, StartsAFileFromNothing) {
  EXPECT_EQ(set("", "gateway.port", "5"), "{\n  \"gateway\": {\n    \"port\": 5\n  }\n}\n");
  EXPECT_EQ(set("// mine\n", "a", "true"), "// mine\n{\n  \"a\": true\n}\n");
  EXPECT_EQ(set("{ // mine\n}", "a", "1"), "{ // mine\n  \"a\": 1\n}");
}

TEST(Edit, AnObjectOverAnObjectTouchesOnlyWhatDiffers) {
  EXPECT_EQ(set(kOwners, "gateway", R"({"port":18789,"bind":"lan","mode":"local"})"), R"({
  // who listens
  gateway: {
    port: 18789, // the usual one
    bind: "lan", /* only here */
    mode: "local"
  },

  models: { mode: "merge" },
}
)");
}

TEST(Edit, ListsGrowByTheIndexBehindTheirEnd) {
  EXPECT_EQ(set("{a: [1, 2]}", "a[2]", "3"), "{a: [1, 2, 3]}");
  EXPECT_EQ(set("{a: []}", "a[0]", "3"), "{a: [\n  3\n]}");
  EXPECT_EQ(set("{a: [1]}", "a[5]", "3"), "error: a is a list of 1 items and has no item \"5\".");
  EXPECT_EQ(set("{a: 1}", "a.b", "3"), "error: a is a single value, so \"b\" cannot be set below it.");
}

TEST(Edit, RemovingTakesTheLineAndKeepsTheOthers) {
  EXPECT_EQ(unset(kOwners, "gateway.bind"), R"({
  // who listens
  gateway: {
    port: 18789 // the usual one
  },

  models: { mode: "merge" },
}
)");
  EXPECT_EQ(unset("{ a: 1, b: 2, c: 3 }", "b"), "{ a: 1, c: 3 }");
  EXPECT_EQ(unset("{ a: 1, b: 2 }", "b"), "{ a: 1 }");
  EXPECT_EQ(unset("{ a: 1 }", "a"), "{ }");
  EXPECT_EQ(unset("{ a: [1, 2] }", "a[0]"), "{ a: [2] }");
  EXPECT_EQ(unset("{ a: 1 }", "b"), "error: b is not set in the configuration.");
}

TEST(Edit, ADuplicateDoesNotComeBackToLife) {
  EXPECT_EQ(unset("{ a: 1, b: 2, a: 3 }", "a"), "{ b: 2 }");
}

TEST(Edit, ReadsPathsAndSaysWhatIsWrongWithOne) {
  EXPECT_EQ(parse_path("a.b[0][\"x.y\"].c").value(), (Path{"a", "b", "0", "x.y", "c"}));
  for (const auto* text : {"", "a.", ".a", "a..b", "a[", "a[x]", "a[0]b", "a[\"x]", "a[]"})
    EXPECT_FALSE(parse_path(text)) << text;
}

// A random document with comments and every layout, and a random change.
class Generator {
public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t n) { return random_.next() % n; }
  json::value value(int depth) {
    switch (below(depth > 3 ? 4 : 6)) {
    case 0:
      return json::value(static_cast<std::int64_t>(below(1000)) - 500);
    case 1:
      return json::value(json::string(below(2) ? "text // no comment" : "é\"'\\\n"));
    case 2:
      return json::value(below(2) == 0);
    case 3:
      return json::value(static_cast<double>(below(1000)) / 8);
    case 4: {
      json::array out;
      for (auto n = below(4); n > 0; --n)
        out.push_back(value(depth + 1));
      return out;
    }
    default: {
      json::object out;
      for (auto n = below(5); n > 0; --n)
        out[key()] = value(depth + 1);
      return out;
    }
    }
  }
  std::string key() { return std::array{"a", "b", "c", "my.key", "with space", "é"}[below(6)]; }
  std::string blank() {
    return std::array{"", " ", "\n", "\n  ", " /* c, } */ ", " // c ] }\n", "\t", "\r\n"}[below(8)];
  }
  std::string text(const json::value& value) {
    std::string out;
    if (const auto* object = value.if_object()) {
      out = "{" + blank();
      for (std::size_t i = 0; i < object->size(); ++i) {
        const auto& member = *(object->begin() + i);
        out += to_text(json::value(member.key())) + blank() + ":" + blank() + text(member.value()) + blank();
        if (i + 1 < object->size() || below(3) == 0) out += "," + blank();
      }
      return out + "}";
    }
    if (const auto* array = value.if_array()) {
      out = "[" + blank();
      for (std::size_t i = 0; i < array->size(); ++i) {
        out += text((*array)[i]) + blank();
        if (i + 1 < array->size() || below(3) == 0) out += "," + blank();
      }
      return out + "]";
    }
    return to_text(value);
  }
  // A path that exists, as far as the dice carry.
  Path existing(const json::value& value) {
    Path path;
    const json::value* at = &value;
    while (below(4) != 0 || path.empty()) {
      if (const auto* object = at->if_object(); object && !object->empty()) {
        const auto& member = *(object->begin() + below(object->size()));
        path.emplace_back(member.key());
        at = &member.value();
      } else if (const auto* array = at->if_array(); array && !array->empty()) {
        const auto index = below(array->size());
        path.push_back(std::to_string(index));
        at = &(*array)[index];
      } else {
        break;
      }
    }
    return path;
  }

private:
  SeededRandom random_;
};

json::value* locate(json::value& value, const Path& path, std::size_t depth) {
  return const_cast<json::value*>(
      value_at(value, Path(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth))));
}

TEST(Edit, AnyChangeOfTheTextIsThatChangeOfTheValue) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    Generator dice(seed);
    json::value document = json::object();
    for (auto n = dice.below(5); n > 0; --n)
      document.get_object()[dice.key()] = dice.value(1);
    const auto text = dice.blank() + dice.text(document) + dice.blank();
    ASSERT_EQ(parse_json5(text, "generated").value().root.value(), document) << text;
    auto path = dice.existing(document);
    if (dice.below(2) == 0 && !path.empty()) {
      const auto out = unset_in_text(text, path);
      ASSERT_TRUE(out) << text << path_text(path);
      auto* parent = locate(document, path, path.size() - 1);
      if (auto* object = parent->if_object())
        object->erase(path.back());
      else
        parent->get_array().erase(parent->get_array().begin() + std::stol(path.back()));
      const auto again = parse_json5(*out, "edited");
      ASSERT_TRUE(again) << text << "\n--- " << path_text(path) << "\n" << *out << again.error().text();
      ASSERT_EQ(again->root.value(), document) << text << "\n--- " << path_text(path) << "\n" << *out;
      continue;
    }
    const auto* holder = value_at(document, path);
    if (holder->is_object() && dice.below(2))
      path.push_back("new");
    else if (holder->is_array() && dice.below(2))
      path.push_back(std::to_string(holder->get_array().size()));
    if (path.empty()) continue;
    const auto value = dice.value(1);
    const auto out = set_in_text(text, path, value);
    ASSERT_TRUE(out) << text << path_text(path) << out.error().text();
    auto* parent = locate(document, path, path.size() - 1);
    if (auto* object = parent->if_object())
      (*object)[path.back()] = value;
    else if (const auto index = std::stoul(path.back()); index < parent->get_array().size())
      parent->get_array()[index] = value;
    else
      parent->get_array().push_back(value);
    const auto again = parse_json5(*out, "edited");
    ASSERT_TRUE(again) << text << "\n--- " << path_text(path) << "\n" << *out << again.error().text();
    ASSERT_EQ(again->root.value(), document) << text << "\n--- " << path_text(path) << " = " << to_text(value) << "\n"
                                             << *out;
  }
}

} // namespace
} // namespace openclaw::config
