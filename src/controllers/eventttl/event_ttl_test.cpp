#include "controllers/eventttl/event_ttl.h"

#include "controllers/common/testing.h"

namespace fairlead::controllers {
namespace {

using namespace std::chrono_literals;

struct EventTtlTest : ControllerTest {
  EventTtl controller{context, 1h};
  void SetUp() override {
    group.spawn("event-ttl", controller.run());
    start();
  }
};

TEST_F(EventTtlTest, EventsGoAnHourAfterTheyWereLastSeen) {
  api::Event event;
  event.metadata.name = "once";
  event.last_timestamp.at = clock.now();
  api.put(event);
  event.metadata.name = "again";
  api.put(event);
  settle();

  clock.advance(59min);
  event.last_timestamp.at = clock.now();
  api.put(event);
  settle();
  clock.advance(2min);
  controller.queue().wake();
  settle();
  EXPECT_EQ(api.find<api::Event>("default", "once"), nullptr);
  EXPECT_NE(api.find<api::Event>("default", "again"), nullptr);

  clock.advance(59min);
  controller.queue().wake();
  settle();
  EXPECT_EQ(api.find<api::Event>("default", "again"), nullptr);
}

}  // namespace
}  // namespace fairlead::controllers
