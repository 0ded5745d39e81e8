// How devices look to clients and in the files of the state folder. Nothing here is a secret: a token is not even
// known, only its hash is kept. Pure.
#pragma once
#include "base/json.hpp"
#include "store/devices.hpp"
#include <string>
#include <vector>

namespace openclaw::gateway {

json::array to_array(const std::vector<std::string>& strings);
json::object request_to_json(const store::DeviceRequest& request);
// With those of `grants` that are this device's.
json::object device_to_json(const store::DeviceRow& device, const std::vector<store::DeviceGrant>& grants);

struct DeviceFiles {
  std::string paired;  // devices/paired.json
  std::string pending; // devices/pending.json
};
// Of {pending, paired}, as device.pair.list answers.
DeviceFiles device_files(const json::object& listed);

} // namespace openclaw::gateway
