#include "pki/jwt.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "pki/certificate.h"

namespace fairlead::pki {
namespace {

const WallTime kNow{std::chrono::seconds{1'800'000'000}};
constexpr std::string_view kClaims = R"({"sub":"system:serviceaccount:default:web","exp":1800000060,"nbf":1799999990})";

TEST(Jwt, WhatIsSignedVerifies) {
  const auto key = JwtKey::generate();
  ASSERT_TRUE(key);
  const auto token = key->sign(kClaims);
  ASSERT_TRUE(token);
  const auto claims = JwtVerifier({*key}).verify(*token, kNow);
  ASSERT_TRUE(claims) << claims.error().message;
  EXPECT_EQ(*claims, kClaims);
}

TEST(Jwt, ThePublicHalfVerifiesAndHasTheSameId) {
  const auto key = JwtKey::generate();
  const auto reloaded = JwtKey::load_private(*key->private_pem());
  const auto half = JwtKey::load_public(*key->public_pem());
  ASSERT_TRUE(reloaded && half);
  EXPECT_EQ(half->id(), key->id());
  EXPECT_TRUE(JwtVerifier({*half}).verify(*reloaded->sign(kClaims), kNow));
  EXPECT_FALSE(half->sign(kClaims));
}

TEST(Jwt, KeysRotate) {
  const auto old_key = JwtKey::generate();
  const auto new_key = JwtKey::generate();
  const JwtVerifier both({*new_key, *old_key});
  EXPECT_TRUE(both.verify(*old_key->sign(kClaims), kNow));
  EXPECT_TRUE(both.verify(*new_key->sign(kClaims), kNow));
  const auto unknown = JwtVerifier({*new_key}).verify(*old_key->sign(kClaims), kNow);
  EXPECT_NE(unknown.error().message.find("unknown key"), std::string::npos);
}

struct Refused {
  const char* name;
  std::string token;
  const char* why;
};

TEST(Jwt, RefusesWhatIsNotRight) {
  const auto key = JwtKey::generate();
  const std::string token = *key->sign(kClaims);
  const auto parts = split(token, '.');
  const std::string header(parts[0]);
  const std::string payload(parts[1]);
  const std::string signature(parts[2]);
  const std::string none = base64url_encode(fmt::format(R"({{"alg":"none","kid":"{}"}})", key->id()));
  const std::string hmac = base64url_encode(fmt::format(R"({{"alg":"HS256","kid":"{}"}})", key->id()));
  const std::string other = base64url_encode(R"({"sub":"admin"})");
  const std::vector<Refused> cases{
      {"empty", "", "three parts"},
      {"two parts", header + "." + payload, "three parts"},
      {"four parts", token + ".x", "three parts"},
      {"not base64", header + ".!!." + signature, "base64url"},
      {"other payload", header + "." + other + "." + signature, "signature is wrong"},
      {"no algorithm", none + "." + payload + ".", "another algorithm"},
      {"hmac", hmac + "." + payload + "." + signature, "another algorithm"},
      {"short signature", header + "." + payload + "." + base64url_encode("short"), "wrong length"},
      {"zero signature", header + "." + payload + "." + base64url_encode(std::string(64, '\0')), "signature is wrong"},
      {"header no object", base64url_encode("[1]") + "." + payload + "." + signature, "header is not a JSON object"},
      {"expired", *key->sign(R"({"exp":1800000000})"), "expired"},
      {"not yet", *key->sign(R"({"nbf":1800000001})"), "not valid yet"},
      {"text exp", *key->sign(R"({"exp":"never"})"), "not a number"},
      {"payload no object", *key->sign("7"), "payload is not a JSON object"},
  };
  for (const Refused& c : cases) {
    const auto claims = JwtVerifier({*key}).verify(c.token, kNow);
    ASSERT_FALSE(claims) << c.name;
    EXPECT_EQ(claims.error().code, Code::kUnauthorized) << c.name;
    EXPECT_NE(claims.error().message.find(c.why), std::string::npos) << c.name << ": " << claims.error().message;
  }
}

TEST(Jwt, OnlyP256KeysLoad) {
  EXPECT_FALSE(JwtKey::load_private("nonsense"));
  EXPECT_FALSE(JwtKey::load_private(""));
}

TEST(Jwt, PublishesItsKeys) {
  const auto key = JwtKey::generate();
  const auto jwks = JwtVerifier({*key}).jwks();
  ASSERT_TRUE(jwks);
  EXPECT_NE(jwks->find(key->id()), std::string::npos);
  EXPECT_NE(jwks->find(R"("crv":"P-256")"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::pki
