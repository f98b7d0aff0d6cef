// Small pure functions over text and bytes that every part needs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead {

std::vector<std::string_view> split(std::string_view text, char separator);  // keeps empty parts
std::string_view trim(std::string_view text);                                // ASCII white space
std::string lower(std::string_view text);                                    // ASCII
std::string join(std::span<const std::string> parts, std::string_view separator);
// Whole-string decimal number; nothing else is accepted.
std::optional<int64_t> parse_int(std::string_view text);

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);  // RFC 4648 section 4, padding required
std::string base64url_encode(std::string_view bytes);             // section 5, without padding
std::optional<std::string> base64url_decode(std::string_view text);

// `text` as it would stand in a Go or JSON string, with the quotes.
std::string quote(std::string_view text);

// RFC 4122 version 4, from the kernel's random source.
std::string new_uuid();
// `count` characters of Kubernetes' name alphabet (no vowels, so no words): the suffixes of generateName.
std::string random_suffix(size_t count = 5);
uint64_t random_u64();

// FNV-1a, 64 bit: stable across runs and machines.
uint64_t stable_hash(std::string_view bytes);

Result<std::string> read_file(const std::string& path);
// Writes beside `path` and renames over it, after fsync: readers see the old content or the new.
Result<> write_file_atomically(const std::string& path, std::string_view content, unsigned mode = 0644);

}  // namespace fairlead
