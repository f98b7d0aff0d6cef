add_executable(fairlead main.cpp main_server.cpp main_agent.cpp main_proxy.cpp main_dns.cpp main_common.cpp)
target_link_libraries(fairlead PRIVATE fairlead_up fairlead_apiserver fairlead_controllers fairlead_agent fairlead_proxy fairlead_dns fairlead_lb CLI11::CLI11)
target_precompile_headers(fairlead REUSE_FROM fairlead_pch)
# Beside images/, where `up` looks for both.
set_target_properties(fairlead PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
