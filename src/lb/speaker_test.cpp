// A speaker on one end of a wire, and a neighbour on the other.
#include "lb/speaker.h"

#include <gtest/gtest.h>

#include "client/memory_api.h"
#include "client/testing.h"
#include "net/netns.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::lb {
namespace {

using namespace std::chrono_literals;

const IpAddress kNode = *IpAddress::parse("10.0.0.11");
const IpAddress kNeighbour = *IpAddress::parse("10.0.0.1");
const IpAddress kBalanced = *IpAddress::parse("10.0.0.200");

struct Wire {
  FakeClock clock;
  rt::Loop loop;
  client::MemoryApi api{loop, clock};
  client::SharedInformers informers{loop, api};
  std::optional<ArpSocket> neighbour;

  Result<> lay() {
    FL_TRY(auto netlink, net::Netlink::open());
    FL_CHECK(netlink.add_veth("node", "neighbour"));
    for (const auto& [link, address] : {std::pair{"node", kNode}, std::pair{"neighbour", kNeighbour}}) {
      FL_CHECK(netlink.set_up(link));
      FL_CHECK(netlink.add_address(link, address, 24));
    }
    FL_TRY(auto socket, ArpSocket::open(loop, kNeighbour));
    neighbour.emplace(std::move(socket));
    return {};
  }
  void put_node(bool ready) {
    api::Node node;
    node.metadata.name = "node1";
    auto& condition = node.status.conditions.emplace_back();
    condition.type = "Ready";
    condition.status = ready ? "True" : "False";
    api.put(node);
  }
  void put_service() {
    api::Service s;
    s.metadata.namespace_ = "default";
    s.metadata.name = "web";
    s.spec.type = "LoadBalancer";
    s.status.load_balancer.ingress.emplace_back().ip = kBalanced.to_string();
    api.put(s);
  }
  // The next packet about the balanced address that the speaker sends.
  rt::Task<std::optional<Arp>> heard() {
    for (;;) {
      auto packet = co_await neighbour->receive();
      if (!packet) co_return std::nullopt;
      if (packet->sender == kBalanced) co_return *packet;
    }
  }
  rt::Task<std::optional<Arp>> heard_within(std::chrono::milliseconds limit) {
    auto in_time = co_await rt::with_timeout(heard(), limit);
    co_return in_time ? *in_time : std::nullopt;
  }
  void ask() {
    Arp request;
    request.sender = kNeighbour;
    request.sender_mac = neighbour->mac();
    request.target = kBalanced;
    neighbour->send(request, kBroadcast);
  }
};

rt::Task<> talk(Wire& wire, Speaker& speaker) {
  wire.put_node(true);
  wire.put_service();
  const auto announced = co_await wire.heard_within(5s);
  EXPECT_TRUE(announced.has_value()) << "becoming the owner is announced";
  if (!announced) co_return;
  EXPECT_EQ(announced->operation, ArpOperation::kRequest);
  EXPECT_EQ(announced->target, kBalanced);

  wire.ask();
  const auto reply = co_await wire.heard_within(5s);
  EXPECT_TRUE(reply.has_value());
  if (!reply) co_return;
  EXPECT_EQ(reply->operation, ArpOperation::kReply);
  EXPECT_EQ(reply->sender_mac, announced->sender_mac);
  EXPECT_EQ(reply->target_mac, wire.neighbour->mac());

  wire.put_node(false);
  while (!speaker.owned().empty()) co_await rt::sleep(1ms);
  wire.ask();
  const auto silence = co_await wire.heard_within(300ms);
  EXPECT_FALSE(silence.has_value()) << "a node that is not ready says nothing";
}

rt::Task<> beside(Wire& wire) {
  SpeakerConfig config{"node1", kNode};
  Speaker speaker(wire.loop, wire.informers, std::move(config));
  rt::TaskGroup group(wire.loop);
  group.spawn("speaker", speaker.run());
  for (auto* informer : wire.informers.all()) group.spawn("informer", informer->run());
  co_await talk(wire, speaker);
  co_await group.shutdown();
}

TEST(Speaker, AnnouncesAnswersAndFallsSilent) {
  auto netns = net::create_anonymous_netns();
  if (!netns) GTEST_SKIP() << "needs root and network namespaces: " << netns.error().message;
  const auto done = net::in_netns(netns->get(), []() -> Result<> {
    Wire wire;
    FL_CHECK(wire.lay());
    rt::run(wire.loop, beside(wire));
    return {};
  });
  EXPECT_TRUE(done) << done.error().message;
}

TEST(ArpSocket, SaysThatNoInterfaceHasTheAddress) {
  rt::Loop loop;
  const auto socket = ArpSocket::open(loop, *IpAddress::parse("192.0.2.77"));
  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().message, "no interface has the address 192.0.2.77");
}

}  // namespace
}  // namespace fairlead::lb
