#include "net/egress.hpp"

#include <gtest/gtest.h>

namespace openclaw::net {
namespace {

// What the guard says about a URL whose host is a literal: refused as a URL, refused as an address, or public.
std::string judge(const std::string& url) {
  auto parsed = parse_url(url);
  if (!parsed) return "url";
  const bool literal =
      parsed->host.find_first_not_of("0123456789.") == std::string::npos || parsed->host.find(':') != std::string::npos;
  if (!literal) return "name";
  return check_public_address(parsed->host) ? "public" : "address";
}

struct Case {
  const char* host;
  const char* expected;
};

// T37: spellings of addresses that must not pass, and a few that must.
constexpr Case kCases[] = {
    {"127.0.0.1", "address"},
    {"127.1", "address"},
    {"127.0.1", "address"},
    {"127.255.255.254", "address"},
    {"2130706433", "address"},
    {"017700000001", "address"},
    {"0x7f000001", "address"},
    {"0x7F.0.0.1", "address"},
    {"0x7f.1", "address"},
    {"0177.0.0.1", "address"},
    {"0177.0.0.01", "address"},
    {"127.0.0.0x1", "address"},
    {"00000177.0.0.1", "address"},
    {"127.0.0.1.", "address"},
    {"0", "address"},
    {"0x0", "address"},
    {"0.0.0.0", "address"},
    {"0.1.2.3", "address"},
    {"10.0.0.1", "address"},
    {"012.0.0.1", "address"},
    {"167772161", "address"},
    {"10.255.255.255", "address"},
    {"100.64.0.1", "address"},
    {"100.127.255.255", "address"},
    {"169.254.169.254", "address"},
    {"2852039166", "address"},
    {"0xa9fea9fe", "address"},
    {"0xA9.0xFE.0xA9.0xFE", "address"},
    {"169.254.43518", "address"},
    {"172.16.0.1", "address"},
    {"172.31.255.255", "address"},
    {"192.0.0.1", "address"},
    {"192.0.2.1", "address"},
    {"192.88.99.1", "address"},
    {"192.168.0.1", "address"},
    {"192.168.257", "address"},
    {"3232235521", "address"},
    {"198.18.0.1", "address"},
    {"198.19.255.255", "address"},
    {"198.51.100.7", "address"},
    {"203.0.113.7", "address"},
    {"224.0.0.1", "address"},
    {"239.255.255.250", "address"},
    {"240.0.0.1", "address"},
    {"255.255.255.255", "address"},
    {"168.63.129.16", "address"},
    {"[::]", "address"},
    {"[::1]", "address"},
    {"[0:0:0:0:0:0:0:1]", "address"},
    {"[0000::0001]", "address"},
    {"[::127.0.0.1]", "address"},
    {"[::7f00:1]", "address"},
    {"[::ffff:127.0.0.1]", "address"},
    {"[::ffff:7f00:1]", "address"},
    {"[::FFFF:a9fe:a9fe]", "address"},
    {"[::ffff:8.8.8.8]", "address"},
    {"[64:ff9b::127.0.0.1]", "address"},
    {"[64:ff9b::a9fe:a9fe]", "address"},
    {"[64:ff9b:1::1]", "address"},
    {"[2002:7f00:1::]", "address"},
    {"[2002:a9fe:a9fe::1]", "address"},
    {"[2002:c0a8:1::1]", "address"},
    {"[2001::1]", "address"},
    {"[2001:2::1]", "address"},
    {"[2001:10::1]", "address"},
    {"[2001:db8::1]", "address"},
    {"[3fff::1]", "address"},
    {"[100::1]", "address"},
    {"[fc00::1]", "address"},
    {"[fd00:ec2::254]", "address"},
    {"[fe80::1]", "address"},
    {"[fec0::1]", "address"},
    {"[ff02::1]", "address"},
    {"[5f00::1]", "address"},
    {"[4000::1]", "address"},
    {"[fe80::1%25eth0]", "url"},
    {"[fe80::1%eth0]", "url"},
    {"[::1", "url"},
    {"::1", "url"},
    {"[127.0.0.1]", "url"},
    {"256.1.1.1", "url"},
    {"1.2.3.4.5", "url"},
    {"127.0.0.1..", "url"},
    {"127..1", "url"},
    {"09.0.0.1", "url"},
    {"4294967296", "url"},
    {"0x100000000", "url"},
    {"a.0x7f", "url"},
    {"127.0.0.1%00.example.com", "url"},
    {"%31%32%37.0.0.1", "url"},
    {"127\xE3\x80\x82"
     "0\xE3\x80\x82"
     "0\xE3\x80\x82"
     "1",
     "url"},
    {"\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1", "url"},
    {"\xE2\x91\xA0\xE2\x91\xA1\xE2\x91\xA6.0.0.1", "url"},
    {"public.example@127.0.0.1", "url"},
    {"127.0.0.1\\@public.example", "url"},
    {"127.0.0.1 .example", "url"},
    {"127.0.0.1\t", "url"},
    {"-oProxyCommand=x", "url"},
    {"", "url"},
    {".", "url"},
    {"8.8.8.8", "public"},
    {"1.1", "public"},
    {"0x08080808", "public"},
    {"93.184.216.34", "public"},
    {"172.32.0.1", "public"},
    {"100.128.0.1", "public"},
    {"198.20.0.1", "public"},
    {"[2606:4700:4700::1111]", "public"},
    {"[2a00:1450:4007::200e]", "public"},
    {"[64:ff9b::8.8.8.8]", "public"},
    {"[2002:808:808::1]", "public"},
    {"example.com", "name"},
    {"EXAMPLE.com.", "name"},
    {"1.example", "name"},
    {"xn--bcher-kva.example", "name"},
    {"localhost", "name"},
};

TEST(Egress, JudgesEverySpellingOfAnAddress) {
  for (const auto& [host, expected] : kCases)
    EXPECT_EQ(judge("http://" + std::string(host) + "/"), expected) << host;
}

TEST(Egress, RefusesTextThatIsNoAddress) {
  EXPECT_FALSE(check_public_address(""));
  EXPECT_FALSE(check_public_address("example.com"));
  EXPECT_FALSE(check_public_address("8.8.8.8 "));
}

TEST(Egress, AllowsOnlyWebPorts) {
  EXPECT_TRUE(check_public_port(80));
  EXPECT_TRUE(check_public_port(443));
  EXPECT_TRUE(check_public_port(8080));
  EXPECT_FALSE(check_public_port(22));
  EXPECT_FALSE(check_public_port(1023));
}

TEST(Url, IsTakenApart) {
  auto url = parse_url("HTTPS://Example.COM:8443/a b?q=\xC3\xA9#fragment");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/a%20b?q=%C3%A9");
  EXPECT_TRUE(url->tls());
  EXPECT_EQ(parse_url("wss://h")->port, 443);
  EXPECT_EQ(parse_url("http://h?x")->target, "/?x");
  EXPECT_EQ(parse_url("http://h:/")->port, 80);
  EXPECT_EQ(parse_url("http://127.1/")->host, "127.0.0.1");
  for (const auto* bad :
       {"", "example.com", "ftp://h/", "file:///etc/passwd", "http://", "http:///x", "http://h:0/", "http://h:65536/",
        "http://h:8a/", "javascript:alert(1)", "http://h\\x", "http://u:p@h/", "http://h/\r\nX: y"})
    EXPECT_FALSE(parse_url(bad)) << bad;
  EXPECT_FALSE(parse_url("http://h/" + std::string(8192, 'a')));
}

TEST(Url, ResolvesReferences) {
  const auto base = *parse_url("https://h.example/a/b?c");
  const auto resolved = [&](const char* reference) { return resolve_url(base, reference).value_or("refused"); };
  EXPECT_EQ(resolved("/x"), "https://h.example:443/x");
  EXPECT_EQ(resolved("x?y"), "https://h.example:443/a/x?y");
  EXPECT_EQ(resolved("../../../x/./y"), "https://h.example:443/x/y");
  EXPECT_EQ(resolved("?q"), "https://h.example:443/a/b?q");
  EXPECT_EQ(resolved("#f"), "https://h.example:443/a/b?c");
  EXPECT_EQ(resolved("//other.example/z"), "https://other.example/z");
  EXPECT_EQ(resolved("http://other.example/"), "http://other.example/");
  EXPECT_EQ(resolved("javascript:alert(1)"), "refused");
  EXPECT_EQ(resolved("//user@other.example/"), "refused");
}

} // namespace
} // namespace openclaw::net
