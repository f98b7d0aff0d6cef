#include "agent/token_keeper.h"

#include <gmock/gmock.h>

#include "client/memory_api.h"
#include "client/testing.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;

TEST(TokenUse, IsFourFifthsOfItsLifeButNotMoreThanADay) {
  const WallTime now{1000s};
  EXPECT_EQ(token_use(now, now + 3600s, 0), 2880s);
  EXPECT_EQ(token_use(now, now + 3600s, 1), 2870s);
  EXPECT_EQ(token_use(now, now + 24h * 365, 0), 24h);
  EXPECT_EQ(token_use(now, now - 5s, 0.5), 1s);
}

api::Pod pod_with_tokens() {
  api::Pod pod;
  pod.metadata.namespace_ = "default";
  pod.metadata.name = "web";
  pod.metadata.uid = "u1";
  pod.spec.service_account_name = "builder";
  auto& volume = pod.spec.volumes.emplace_back();
  volume.name = "t";
  auto& sources = volume.volume_source.projected.emplace().sources;
  auto& own = sources.emplace_back().service_account_token.emplace();
  own.path = "token";
  own.expiration_seconds = 3607;
  auto& other = sources.emplace_back().service_account_token.emplace();
  other.path = "vault";
  other.audience = "vault";
  other.expiration_seconds = 600;
  return pod;
}

struct TokenKeeperTest : testing::Test {
  FakeClock clock;
  rt::Loop loop;
  client::MemoryApi api{loop, clock};
  TokenKeeper keeper{loop, api, clock};
  std::map<std::string, std::string> tokens;
  int woken = 0;

  void want(const api::Pod& pod) {
    keeper.want(pod, [this] { ++woken; });
    client::settle(loop);
  }
  void TearDown() override {
    rt::TaskGroup end(loop);
    end.spawn("shutdown", keeper.shutdown());
    client::settle(loop);
    EXPECT_EQ(end.size(), 0U);
  }
};

TEST_F(TokenKeeperTest, AsksForEveryTokenOfAPodOnce) {
  const auto pod = pod_with_tokens();
  want(pod);
  want(pod);
  EXPECT_TRUE(keeper.add_to("u1", tokens));
  EXPECT_EQ(tokens.size(), 2U);
  EXPECT_THAT(tokens["|3607"], testing::StartsWith("token-builder-"));
  EXPECT_NE(tokens["|3607"], tokens["vault|600"]);
  EXPECT_EQ(woken, 2);
}

TEST_F(TokenKeeperTest, APodWithoutTokensWaitsForNothing) {
  want(api::Pod());
  EXPECT_TRUE(keeper.add_to("", tokens));
  EXPECT_TRUE(tokens.empty());
  EXPECT_EQ(woken, 0);
}

TEST_F(TokenKeeperTest, ARefusalIsNoTokenAndNoReasonToWaitForEver) {
  api.intercept = [](std::string_view verb, const api::KindInfo&, std::string_view) {
    return verb == "token" ? std::optional<Error>(Error{Code::kForbidden, "no", {}}) : std::nullopt;
  };
  want(pod_with_tokens());
  EXPECT_TRUE(keeper.add_to("u1", tokens));
  EXPECT_TRUE(tokens.empty());
  keeper.forget("u1");
  EXPECT_TRUE(keeper.add_to("u1", tokens));
}

}  // namespace
}  // namespace fairlead::agent
