#include "extensions/channels/matrix/html.hpp"
#include <gtest/gtest.h>

namespace openclaw::extensions::matrix {
namespace {

using ports::rich_text::Node;
using ports::rich_text::Type;

Node words(std::string text) {
  Node node{Type::text, std::move(text), {}, 0, {}};
  return node;
}
Node with(Type type, std::vector<Node> children, std::string target = {}, int number = 0) {
  Node node{type, {}, std::move(target), number, std::move(children)};
  return node;
}
std::string html(std::vector<Node> blocks) {
  return to_html(with(Type::document, std::move(blocks))).text;
}

TEST(MatrixHtml, OneParagraphIsItsWordsAndSeveralAreParagraphs) {
  EXPECT_EQ(html({with(Type::paragraph, {words("5 < 6 & \"7\"")})}), "5 &lt; 6 &amp; &quot;7&quot;");
  EXPECT_EQ(html({with(Type::paragraph, {words("a")}), with(Type::paragraph, {words("b")})}), "<p>a</p><p>b</p>");
}

TEST(MatrixHtml, ListsNestAndKeepTheirNumbers) {
  const auto inner = with(Type::list, {with(Type::item, {with(Type::paragraph, {words("in")})})});
  const auto item = with(Type::item, {with(Type::paragraph, {words("out")}), inner});
  EXPECT_EQ(html({with(Type::list, {item}, {}, 3)}), "<ol start=\"3\"><li><p>out</p><ul><li>in</li></ul></li></ol>");
}

TEST(MatrixHtml, CodeKeepsItsLanguageAndNothingElseOfItsInfo) {
  Node code{Type::code_block, "if (a<b)\n", "c++\"><script", 0, {}};
  EXPECT_EQ(html({code}), "<pre><code class=\"language-c++script\">if (a&lt;b)\n</code></pre>");
}

TEST(MatrixHtml, OnlyAddressesThatOpenSafelyBecomeLinks) {
  EXPECT_EQ(html({with(Type::paragraph, {with(Type::link, {words("x")}, "https://e.org/?a=\"b\"")})}),
            "<a href=\"https://e.org/?a=&quot;b&quot;\">x</a>");
  EXPECT_EQ(html({with(Type::paragraph, {with(Type::link, {words("x")}, "javascript:alert(1)")})}),
            "x (javascript:alert(1))");
}

TEST(MatrixHtml, IdsOfPeopleAreMentions) {
  const auto shown =
      to_html(with(Type::document, {with(Type::paragraph, {words("ask @ada:e.org, or me@mail.org. @ada:e.org.")})}));
  EXPECT_EQ(shown.text, "ask <a href=\"https://matrix.to/#/@ada:e.org\">@ada:e.org</a>, or me@mail.org. "
                        "<a href=\"https://matrix.to/#/@ada:e.org\">@ada:e.org</a>.");
  EXPECT_EQ(shown.mentioned, (std::vector<std::string>{"@ada:e.org"}));
  EXPECT_TRUE(to_html(with(Type::document, {words("@room @everyone @:x")})).mentioned.empty());
}

TEST(MatrixHtml, TablesHaveAHead) {
  const auto row = [](std::string text) { return with(Type::row, {with(Type::cell, {words(std::move(text))})}); };
  EXPECT_EQ(html({with(Type::table, {row("h"), row("a"), row("b")})}),
            "<table><thead><tr><th>h</th></tr></thead><tbody><tr><td>a</td></tr><tr><td>b</td></tr></tbody></table>");
}

} // namespace
} // namespace openclaw::extensions::matrix
