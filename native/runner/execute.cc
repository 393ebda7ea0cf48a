#include "execute.h"

#include <cmath>
#include <cstring>

namespace cellwright {

namespace {

// The largest difference as a share of the largest number (at least `floor`). What is no number (or infinite) has to be so in both.
double distance(const float* a, const float* b, size_t count, double floor) {
  double difference = 0, scale = floor;
  for (size_t i = 0; i < count; i++) {
    if (std::isfinite(a[i]) != std::isfinite(b[i])) return HUGE_VAL;
    if (!std::isfinite(a[i])) continue;
    difference = std::fmax(difference, std::fabs((double)a[i] - b[i]));
    scale = std::fmax(scale, std::fmax(std::fabs((double)a[i]), std::fabs((double)b[i])));
  }
  return difference / scale;
}

double distance(double a, double b) {
  if (std::isfinite(a) != std::isfinite(b)) return HUGE_VAL;
  return std::isfinite(a) ? std::fabs(a - b) / std::fmax(1, std::fabs(b)) : 0;
}

std::string check(const SavedRun& saved, const Session& session, bool trains) {
  if (saved.size > session.batch || saved.images.size() != (uint64_t)saved.size * session.imageFloats) return "images";
  if (!saved.labels.empty() && saved.labels.size() != (size_t)saved.size) return "labels";
  if (!saved.targets.empty() && (saved.labels.empty() || saved.targets.size() != (uint64_t)saved.size * session.classes)) return "targets";
  if (!trains) return "";
  if (saved.labels.empty()) return "labels";
  if (saved.masks.size() != (uint64_t)session.maskRows * session.batch) return "masks";
  if (saved.uploads.size() != (uint64_t)session.uploadFloats) return "factors of dropout";
  return "";
}

SavedRun fitted(const SavedRun& saved, const Session& session, bool trains) {
  SavedRun run = saved;
  if (run.size > session.batch) run.size = session.batch;
  run.images.resize((uint64_t)run.size * session.imageFloats, 0.5f);
  run.labels.resize(run.labels.empty() && !trains ? 0 : run.size);
  run.targets.resize(run.targets.empty() || run.labels.empty() ? 0 : (uint64_t)run.size * session.classes);
  run.masks.resize((uint64_t)session.maskRows * session.batch, 1);
  run.uploads.resize(session.uploadFloats, 1);
  return run;
}

}  // namespace

std::string execute(const SavedPlan& plan, const Target& target, const Limits& limits, int threads, Distance* found) {
  Session session;
  const int32_t extras = (plan.second.empty() ? 0 : SecondSlot) | (plan.average.empty() ? 0 : Average);
  std::string error = session.open(target.name, target.width, plan.training.data(), plan.training.size(), plan.evaluation.data(), plan.evaluation.size(), plan.segments.data(),
                                   plan.segments.size(), plan.cleared.data(), plan.cleared.size(), threads, extras, limits);
  if (!error.empty()) return error;
  if (session.parameters.size != plan.parameters.size()) return "Expected as many parameters as the programs have. Received another number.";
  const auto fill = [](Block<float>& block, const std::vector<float>& values) {
    if (block.size > 0 && block.size == values.size()) std::memcpy(block.data, values.data(), values.size() * sizeof(float));
    return block.size == 0 || block.size == values.size();
  };
  if (!fill(session.parameters, plan.parameters) || !fill(session.second, plan.second) || !fill(session.average, plan.average))
    return "Expected a slot and an average as large as the parameters. Received another size.";
  for (const SavedRun& given : plan.runs) {
    const bool trains = given.kind != SavedKind::Evaluate;
    const SavedRun saved = found ? given : fitted(given, session, trains);
    error = check(saved, session, trains);
    if (!error.empty()) return "Expected a batch that fits the programs. Received other " + error + ".";
    Run run = {};
    run.batch = saved.size;
    run.examples = saved.examples;
    run.images = saved.images.data();
    run.targets = saved.targets.empty() ? nullptr : saved.targets.data();
    run.labels = saved.labels.empty() ? nullptr : saved.labels.data();
    std::vector<float> logits;
    if (trains) {
      Update update;
      Part part;
      part.adds = saved.adds;
      part.moves = saved.moves;
      if (saved.kind == SavedKind::Step) {
        error = read_update(saved.update, update);
        if (!error.empty()) return error;
        part.update = &update;
      }
      error = session.step(run, saved.masks.data(), saved.uploads.data(), part);
    } else {
      logits.resize((size_t)saved.size * session.classes);
      error = session.evaluate(run, logits.data(), saved.averaged);
    }
    if (!error.empty()) return error;
    if (!found) continue;
    // Without labels nobody asked for a loss.
    if (run.labels) found->loss = std::fmax(found->loss, distance(run.loss, saved.loss));
    if (saved.results.empty()) continue;
    const float* results = trains ? session.gradients.data : logits.data();
    const size_t count = trains ? session.gradients.size : logits.size();
    if (saved.results.size() != count) return "Expected " + std::to_string(count) + " results. Received: " + std::to_string(saved.results.size()) + ".";
    double& worst = trains ? found->gradients : found->logits;
    worst = std::fmax(worst, distance(results, saved.results.data(), count, 1e-3));
  }
  return "";
}

}  // namespace cellwright
