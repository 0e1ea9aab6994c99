// Everything public.
#pragma once

#include <dagger/agent.hpp>
#include <dagger/channel.hpp>
#include <dagger/cli.hpp>
#include <dagger/engine.hpp>
#include <dagger/error.hpp>
#include <dagger/flow.hpp>
#include <dagger/future.hpp>
#include <dagger/job.hpp>
#include <dagger/outcome.hpp>
#include <dagger/plugin.hpp>
#include <dagger/pubsub.hpp>
#include <dagger/task.hpp>
