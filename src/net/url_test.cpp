#include "net/url.h"

#include <gtest/gtest.h>

namespace fairlead::net {
namespace {

struct Good {
  const char* text;
  Url url;
};

TEST(ParseUrl, TakesUrlsApart) {
  const std::vector<Good> cases{
      {"https://10.0.0.1:6443", {"https", "10.0.0.1", 6443, "", ""}},
      {"HTTP://example.com", {"http", "example.com", 80, "", ""}},
      {"https://x/a/b/?c=d#e", {"https", "x", 443, "/a/b", "c=d"}},
      {"https://[::1]:8443/", {"https", "::1", 8443, "", ""}},
      {"http://x?q", {"http", "x", 80, "", "q"}},
  };
  for (const Good& c : cases) {
    const auto url = parse_url(c.text);
    ASSERT_TRUE(url) << c.text << ": " << url.error().message;
    EXPECT_EQ(std::tie(url->scheme, url->host, url->port, url->path, url->query),
              std::tie(c.url.scheme, c.url.host, c.url.port, c.url.path, c.url.query))
        << c.text;
  }
}

TEST(ParseUrl, RefusesWhatItCannotUse) {
  for (const char* text :
       {"", "x", "ftp://x", "https://", "https:///a", "https://x:0", "https://x:65536", "https://x:y", "https://u:p@x",
        "https://[::1", "https://[1.2.3.4]", "https://[::1]x", "https://a b", "https://a\nb"}) {
    EXPECT_FALSE(parse_url(text)) << text;
  }
}

TEST(Authority, LeavesOutDefaultPortsAndBracketsIpv6) {
  EXPECT_EQ(parse_url("https://x:443")->authority(), "x");
  EXPECT_EQ(parse_url("http://x:443")->authority(), "x:443");
  EXPECT_EQ(parse_url("https://[::1]:1")->authority(), "[::1]:1");
}

TEST(Percent, EncodesAndDecodes) {
  EXPECT_EQ(percent_encode("a/b c=\xc3\xa9"), "a%2Fb%20c%3D%C3%A9");
  EXPECT_EQ(percent_decode("a%2fb+c"), "a/b+c");
  EXPECT_EQ(percent_decode("a%2fb+c%41", true), "a/b cA");
  for (const char* text : {"%", "%4", "%zz", "a%4"}) EXPECT_FALSE(percent_decode(text)) << text;
}

TEST(ParseQuery, KeepsOrderAndRepeats) {
  const auto query = parse_query("a=1&b&&a=%32&c=x%3Dy&=e");
  ASSERT_TRUE(query);
  const Query expected{{"a", "1"}, {"b", ""}, {"a", "2"}, {"c", "x=y"}, {"", "e"}};
  EXPECT_EQ(*query, expected);
  EXPECT_EQ(query_get(*query, "a"), "1");
  EXPECT_EQ(query_get(*query, "z"), "");
  EXPECT_FALSE(parse_query("a=%"));
  EXPECT_EQ(format_query({{"labelSelector", "a=b,c"}, {"x", ""}}), "labelSelector=a%3Db%2Cc&x=");
}

}  // namespace
}  // namespace fairlead::net
