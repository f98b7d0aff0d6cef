#include "api/podspec/podspec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "api/kinds/deployment.h"
#include "api/kinds/pod_columns.h"
#include "api/kinds/replicaset.h"

namespace fairlead::api {
namespace {

template <class T>
T parse(const std::string& json) {
  auto object = object_from_text(json, kind_of<T>());
  EXPECT_TRUE(object) << object.error().message;
  kind_of<T>().set_defaults(**object);
  auto value = (*object)->template as<T>();
  value.metadata.namespace_ = "default";
  value.metadata.name = "x";
  return value;
}

template <class T>
std::string problems(const T& value) {
  auto errors = kind_of<T>().validate(ObjectOf<T>(value));
  return errors.empty() ? "" : invalid(kind_of<T>(), value.metadata.name, std::move(errors)).message;
}

template <class T>
std::string update_problems(T next, const T& old) {
  next.metadata.resource_version = "1";
  auto errors = kind_of<T>().validate_update(ObjectOf<T>(next), ObjectOf<T>(old));
  return errors.empty() ? "" : invalid(kind_of<T>(), next.metadata.name, std::move(errors)).message;
}

Pod pod(const std::string& spec) { return parse<Pod>(R"({"spec":)" + spec + "}"); }

TEST(PodDefaults, AreThoseOfKubernetes) {
  const auto p = pod(
      R"({"containers":[{"name":"c","image":"nginx","ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"0.5"}},)"
      R"("readinessProbe":{"httpGet":{"port":80}}}]})");
  EXPECT_EQ(
      to_json(p.spec),
      R"({"containers":[{"name":"c","image":"nginx","ports":[{"containerPort":80,"protocol":"TCP"}],)"
      R"("resources":{"limits":{"cpu":"500m"},"requests":{"cpu":"500m"}},)"
      R"("readinessProbe":{"httpGet":{"path":"/","port":80,"scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,)"
      R"("successThreshold":1,"failureThreshold":3},"terminationMessagePath":"/dev/termination-log",)"
      R"("terminationMessagePolicy":"File","imagePullPolicy":"Always"}],"restartPolicy":"Always",)"
      R"("terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default",)"
      R"("serviceAccount":"default","securityContext":{},"schedulerName":"default-scheduler",)"
      R"("tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute",)"
      R"("tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute",)"
      R"("tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"})");
  EXPECT_EQ(problems(p), "");
  auto again = p;
  default_pod(again);
  EXPECT_EQ(again, p);
}

TEST(PodDefaults, PullPolicyFollowsTheTag) {
  EXPECT_EQ(image_tag("nginx"), "latest");
  EXPECT_EQ(image_tag("nginx:1.14"), "1.14");
  EXPECT_EQ(image_tag("registry:5000/nginx"), "latest");
  EXPECT_EQ(image_tag("registry:5000/nginx:2"), "2");
  EXPECT_EQ(image_tag("nginx@sha256:abc"), "");
}

TEST(PodTemplates, DefaultTheSameEverywhere) {
  const std::string rest =
      R"("spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},)"
      R"("spec":{"containers":[{"name":"c","image":"i:1"}],"volumes":[{"name":"v"}]}}}})";
  const auto d = parse<Deployment>("{" + rest);
  const auto r = parse<ReplicaSet>("{" + rest);
  EXPECT_EQ(d.spec.template_, r.spec.template_);
  EXPECT_EQ(problems(d), "");
  EXPECT_EQ(problems(r), "");
  EXPECT_EQ(d.spec.replicas, 1);
  EXPECT_EQ(d.spec.strategy.rolling_update->max_surge->text, "25%");
  EXPECT_EQ(d.spec.revision_history_limit, 10);
  EXPECT_EQ(d.spec.progress_deadline_seconds, 600);
  EXPECT_TRUE(d.spec.template_.spec.tolerations.empty());
}

TEST(PodRules, NameTheFieldAndWhatWouldBeRight) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"containers":[]})", "Pod \"x\" is invalid: spec.containers: Required value"},
      {R"({"containers":[{"name":"A","image":""}]})",
       "Pod \"x\" is invalid: [spec.containers[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist "
       "of "
       "lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. "
       "'my-name', "
       " or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?'), spec.containers[0].image: "
       "Required "
       "value]"},
      {R"({"containers":[{"name":"a","image":"i"},{"name":"a","image":"i"}]})",
       "Pod \"x\" is invalid: spec.containers[1].name: Duplicate value: \"a\""},
      {R"({"containers":[{"name":"a","image":"i","ports":[{"containerPort":70000}]}]})",
       "Pod \"x\" is invalid: spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and "
       "65535, inclusive"},
      {R"({"restartPolicy":"Sometimes","containers":[{"name":"a","image":"i"}]})",
       "Pod \"x\" is invalid: spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", "
       "\"OnFailure\", \"Never\""},
      {R"({"containers":[{"name":"a","image":"i","volumeMounts":[{"name":"v","mountPath":"/v"}]}]})",
       "Pod \"x\" is invalid: spec.containers[0].volumeMounts[0].name: Not found: \"v\""},
      {R"({"volumes":[{"name":"v","emptyDir":{},"hostPath":{"path":"/x"}}],"containers":[{"name":"a","image":"i"}]})",
       "Pod \"x\" is invalid: spec.volumes[0].emptyDir: Forbidden: may not specify more than 1 volume type"},
      {R"({"containers":[{"name":"a","image":"i","livenessProbe":{"successThreshold":2,"tcpSocket":{"port":"x"}}}]})",
       "Pod \"x\" is invalid: spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"},
      {R"({"containers":[{"name":"a","image":"i","readinessProbe":{}}]})",
       "Pod \"x\" is invalid: spec.containers[0].readinessProbe: Required value: must specify a handler type"},
      {R"({"containers":[{"name":"a","image":"i","resources":{"requests":{"cpu":"2"},"limits":{"cpu":"1"}}}]})",
       "Pod \"x\" is invalid: spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal "
       "to "
       "cpu limit of 1"},
      {R"({"containers":[{"name":"a","image":"i","env":[{"name":"","value":"x"}]}]})",
       "Pod \"x\" is invalid: spec.containers[0].env[0].name: Required value"},
  };
  for (const auto& [spec, message] : cases) EXPECT_EQ(problems(pod(spec)), message) << spec;
}

TEST(PodUpdate, AllowsImagesAndRefusesTheRest) {
  const auto old = pod(R"({"containers":[{"name":"a","image":"i:1"}]})");
  auto next = old;
  next.spec.containers[0].image = "i:2";
  next.spec.tolerations.push_back({"k", "Exists", "", "", {}});
  EXPECT_EQ(update_problems(next, old), "");
  next.spec.containers[0].command = {"sh"};
  next.spec.hostname = "h";
  EXPECT_THAT(update_problems(next, old),
              testing::AllOf(testing::StartsWith("Pod \"x\" is invalid: spec: Forbidden: pod updates may not change "
                                                 "fields other than `spec.containers[*].image`"),
                             testing::EndsWith("changed: spec.containers[0].command, spec.hostname")));
  next = old;
  next.spec.containers.push_back(next.spec.containers[0]);
  EXPECT_THAT(update_problems(next, old),
              testing::HasSubstr("spec.containers: Forbidden: pod updates may not add or remove containers"));
}

TEST(DeploymentRules, SelectorsMatchAndStay) {
  auto d = parse<Deployment>(
      R"({"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"c"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
  EXPECT_EQ(problems(d),
            "Deployment.apps \"x\" is invalid: spec.template.metadata.labels: Invalid value: {\"a\":\"c\"}: `selector` "
            "does not match template `labels`");
  d.spec.template_.metadata.labels["a"] = "b";
  EXPECT_EQ(problems(d), "");
  auto next = d;
  next.spec.selector->match_labels = {{"a", "z"}};
  next.spec.template_.metadata.labels = {{"a", "z"}};
  EXPECT_EQ(update_problems(next, d),
            "Deployment.apps \"x\" is invalid: spec.selector: Invalid value: {\"matchLabels\":{\"a\":\"z\"}}: field is "
            "immutable");
}

TEST(PodColumns, SayTheStateInOneWord) {
  const auto status = [](const char* json) {
    auto p = parse<Pod>(json);
    const auto s = summarize(p);
    return fmt::format("{}/{} {} {}", s.ready, s.total, s.reason, s.restarts);
  };
  const std::string spec =
      R"({"spec":{"initContainers":[{"name":"i","image":"i"}],"containers":[{"name":"a","image":"i"},{"name":"b","image":"i"}]},"status":)";
  const auto with = [&](const char* s) { return status((spec + s + "}").c_str()); };
  EXPECT_EQ(with(R"({"phase":"Pending"})"), "0/2 Pending 0");
  EXPECT_EQ(with(R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"running":{}}}]})"),
            "0/2 Init:0/1 0");
  EXPECT_EQ(
      with(
          R"({"phase":"Pending","initContainerStatuses":[{"name":"i","restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]})"),
      "0/2 Init:CrashLoopBackOff 3");
  EXPECT_EQ(
      with(
          R"({"phase":"Running","containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}},{"name":"b","restartCount":2,"state":{"waiting":{"reason":"ErrImagePull"}}}]})"),
      "1/2 ErrImagePull 2");
  EXPECT_EQ(
      with(
          R"({"phase":"Running","containerStatuses":[{"name":"a","ready":true,"state":{"running":{}}},{"name":"b","ready":true,"state":{"running":{}}}]})"),
      "2/2 Running 0");
  EXPECT_EQ(
      with(
          R"({"phase":"Succeeded","containerStatuses":[{"name":"a","state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]})"),
      "0/2 Completed 0");
  auto p = parse<Pod>((spec + R"({"phase":"Running"}})").c_str());
  p.metadata.deletion_timestamp.at = WallTime{};
  EXPECT_EQ(summarize(p).reason, "Terminating");
}

TEST(Qos, FollowsRequestsAndLimits) {
  EXPECT_EQ(qos_class(pod(R"({"containers":[{"name":"a","image":"i"}]})").spec), "BestEffort");
  EXPECT_EQ(qos_class(pod(R"({"containers":[{"name":"a","image":"i","resources":{"requests":{"cpu":"1"}}}]})").spec),
            "Burstable");
  EXPECT_EQ(
      qos_class(
          pod(R"({"containers":[{"name":"a","image":"i","resources":{"limits":{"cpu":"1","memory":"1Gi"}}}]})").spec),
      "Guaranteed");
}

}  // namespace
}  // namespace fairlead::api
