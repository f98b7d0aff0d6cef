#include "apiserver/errors.h"

#include <gtest/gtest.h>

#include "api/kinds/deployment.h"
#include "api/kinds/service.h"
#include "api/validation.h"

namespace fairlead::apiserver {
namespace {

using api::kind_of;

TEST(Errors, SpeakKubernetesSentences) {
  EXPECT_EQ(not_found(kind_of<api::Service>(), "web").message, "services \"web\" not found");
  EXPECT_EQ(not_found(kind_of<api::Deployment>(), "web").message, "deployments.apps \"web\" not found");
  EXPECT_EQ(already_exists(kind_of<api::Service>(), "web").message, "services \"web\" already exists");
  EXPECT_EQ(modified(kind_of<api::Service>(), "web").message,
            "Operation cannot be fulfilled on services \"web\": the object has been modified; please apply your "
            "changes to the latest "
            "version and try again");
}

TEST(Errors, BecomeAStatusWithDetails) {
  auto status = status_of(not_found(kind_of<api::Deployment>(), "web"));
  EXPECT_EQ(status.code, 404);
  EXPECT_EQ(status.reason, "NotFound");
  ASSERT_TRUE(status.details);
  EXPECT_EQ(status.details->name, "web");
  EXPECT_EQ(status.details->kind, "deployments");
  EXPECT_EQ(status.details->group, "apps");
  status = status_of(modified(kind_of<api::Service>(), "web"));
  EXPECT_EQ(status.code, 409);
  EXPECT_EQ(status.details->kind, "services");
  status =
      status_of(api::invalid(kind_of<api::Service>(), "web", {{"FieldValueInvalid", "spec.x", "Invalid value: 1"}}));
  EXPECT_EQ(status.code, 422);
  EXPECT_EQ(status.details->kind, "Service");
  EXPECT_EQ(status.details->causes.at(0).field, "spec.x");
  EXPECT_FALSE(status_of(bad_request("the server could not understand \"this\"")).details);
}

}  // namespace
}  // namespace fairlead::apiserver
