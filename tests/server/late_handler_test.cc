#include "server/late_handler.h"

#include <gtest/gtest.h>

namespace tokenvault {
namespace {

int Ask(const WebHandler& handler) {
  int status = 0;
  handler(WebRequest(),
          [&](WebResponse response) { status = response.status; });
  return status;
}

TEST(LateHandlerTest, IsUnavailableUntilItIsSetAndAfterwards) {
  WebHandler handler;
  {
    LateHandler late;
    handler = late.AsHandler();
    EXPECT_EQ(Ask(handler), 503);
    late.Set([](WebRequest, WebRespond respond) { respond(WebResponse()); });
    EXPECT_EQ(Ask(handler), 200);
    late.Clear();
    EXPECT_EQ(Ask(handler), 503);
  }
  EXPECT_EQ(Ask(handler), 503);
}

}  // namespace
}  // namespace tokenvault
