// Examples of channels.
#include "programs.hpp"

namespace {

using examples::program;

constexpr auto printed =
  R"(refused: the message does not fit the schema of the channel 'orders' (version 1):
missing property 'total'
given up: {"customer":"ann","total":-20.0}: a negative total
sent back: 1
done: {"ann":[10.0,30.0,-20.0],"tim":[1.0,2.0,3.0]}
)";

TEST(orders, keeps_the_order_of_each_customer_and_sends_back_what_was_given_up) {
  const auto end = support::run({program("orders")});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(end.out, printed);
}

TEST(orders, goes_on_in_a_store_where_it_was) {
  const auto place = support::folder{};
  for (auto i = 0; i < 2; ++i) {
    const auto end = support::run({program("orders"), place / "shop.db"});
    EXPECT_EQ(end.code, 0) << end.err;
    EXPECT_EQ(end.out, printed);
  }
}

} // namespace
