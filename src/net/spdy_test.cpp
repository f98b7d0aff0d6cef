#include "net/spdy.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "net/spdy_dictionary.h"

namespace fairlead::net {
namespace {

using Event = SpdyDecoder::Event;

// Every event of `bytes`, given `step` at a time; data is joined.
struct Heard {
  std::vector<SpdyType> types;
  std::vector<Headers> headers;
  std::map<uint32_t, std::string> data;
  std::vector<uint32_t> ended;
  std::vector<uint32_t> numbers;
  std::string error;
};

Heard hear(SpdyDecoder& decoder, std::string_view bytes, size_t step) {
  Heard out;
  while (!bytes.empty()) {
    std::string_view input = bytes.substr(0, step);
    bytes.remove_prefix(input.size());
    for (;;) {
      const auto event = decoder.next(input);
      if (!event) {
        out.error = event.error().message;
        return out;
      }
      if (!*event) break;
      if ((*event)->fin) out.ended.push_back((*event)->stream);
      if ((*event)->type == SpdyType::kData) {
        out.data[(*event)->stream] += (*event)->bytes;
        continue;
      }
      out.types.push_back((*event)->type);
      out.headers.push_back((*event)->headers);
      out.numbers.push_back((*event)->number);
    }
  }
  return out;
}

std::string bytes_of(std::initializer_list<int> values) {
  std::string out;
  for (const int v : values) out += static_cast<char>(v);
  return out;
}

TEST(Spdy, HasTheDictionaryThatPeersName) {
  const std::string& d = spdy_dictionary();
  EXPECT_EQ(d.size(), 1423U);
  EXPECT_EQ(adler32(1, reinterpret_cast<const Bytef*>(d.data()), static_cast<uInt>(d.size())), 0xe3c6a7c2U);
}

TEST(Spdy, ReadsWhatItWritesInPiecesOfAnySize) {
  SpdyEncoder encoder;
  std::string wire = encoder.syn_stream(1, Headers::of("streamType", "error"));
  wire += encoder.syn_reply(1, Headers());
  wire += encoder.syn_stream(3, Headers::of("streamType", "stdin", "x", ""), true);
  wire += SpdyEncoder::data(1, "hello ");
  wire += SpdyEncoder::data(1, "");
  wire += SpdyEncoder::data(1, std::string(70'000, 'x'), true);
  wire += SpdyEncoder::ping(7);
  wire += SpdyEncoder::rst_stream(3, 5);
  wire += SpdyEncoder::go_away(3, 1);
  for (const size_t step : {1U, 3U, 8U, 1000U, 1'000'000U}) {
    SpdyDecoder decoder;
    const Heard heard = hear(decoder, wire, step);
    EXPECT_EQ(heard.error, "");
    ASSERT_EQ(heard.types, (std::vector{SpdyType::kSynStream, SpdyType::kSynReply, SpdyType::kSynStream,
                                        SpdyType::kPing, SpdyType::kRstStream, SpdyType::kGoAway}));
    EXPECT_EQ(heard.headers[0].get("streamtype"), "error");
    EXPECT_EQ(heard.headers[2].get("streamtype"), "stdin");
    EXPECT_TRUE(heard.headers[2].has("x"));
    EXPECT_EQ(heard.numbers, (std::vector<uint32_t>{0, 0, 0, 7, 5, 1}));
    EXPECT_EQ(heard.data.at(1), "hello " + std::string(70'000, 'x'));
    EXPECT_EQ(heard.ended, (std::vector<uint32_t>{3, 1}));
  }
}

TEST(Spdy, WritesNamesInLowerCase) {
  SpdyEncoder encoder;
  SpdyDecoder decoder;
  const Heard heard = hear(decoder, encoder.syn_stream(1, Headers::of("streamType", "stdout")), 1000);
  ASSERT_EQ(heard.headers.size(), 1U);
  EXPECT_EQ(heard.headers[0][0].name, "streamtype");
}

TEST(Spdy, RefusesWhatIsBroken) {
  SpdyEncoder encoder;
  std::string torn = encoder.syn_stream(1, Headers::of("a", "b"));
  for (size_t i = 18; i < torn.size(); ++i) torn[i] = static_cast<char>(torn[i] ^ 0x5a);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {bytes_of({0x80, 2, 0, 1, 0, 0, 0, 0}), "SPDY: a frame of another version than 3"},
      {bytes_of({0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff}), "SPDY: a control frame that is too large"},
      {bytes_of({0x80, 3, 0, 6, 0, 0, 0, 1, 0}), "SPDY: a control frame that is too short"},
      {bytes_of({0, 0, 0, 0, 0, 0, 0, 1, 'x'}), "SPDY: data without a stream"},
      {torn, "SPDY: a header block that cannot be decompressed"},
  };
  for (const auto& [wire, error] : cases) {
    SpdyDecoder decoder;
    EXPECT_EQ(hear(decoder, wire, 1000).error, error);
  }
}

TEST(Spdy, BoundsWhatAHeaderBlockGrowsTo) {
  SpdyEncoder encoder;
  SpdyDecoder decoder;
  const std::string wire = encoder.syn_stream(1, Headers::of("a", std::string(kSpdyMaxHeaders + 1, 'a')));
  ASSERT_LT(wire.size(), kSpdyMaxControl);
  EXPECT_EQ(hear(decoder, wire, 1000).error, "SPDY: a header block that is too large");
}

TEST(Spdy, LeavesWhatItDoesNotKnowAlone) {
  SpdyDecoder decoder;
  const std::string wire = bytes_of({0x80, 3, 0, 4, 0, 0, 0, 4, 0, 0, 0, 0}) +              // SETTINGS
                           bytes_of({0x80, 3, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 1, 0}) +  // WINDOW_UPDATE
                           bytes_of({0x80, 3, 0x12, 0x34, 0, 0, 0, 1, 9}) + SpdyEncoder::data(1, "on");
  const Heard heard = hear(decoder, wire, 1);
  EXPECT_EQ(heard.error, "");
  EXPECT_EQ(heard.data.at(1), "on");
}

}  // namespace
}  // namespace fairlead::net
