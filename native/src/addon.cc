// Node-API: sessions as externals, steps as asynchronous work. One call at a time per session; the data of a call is copied first, so the
// caller may reuse its arrays. Plain C API, version 8: one binary serves Node 20, 22 and 24.
#define NAPI_VERSION 8
#include <node_api.h>

#include <cstring>
#include <memory>
#include <new>
#include <system_error>

#include "peaks.h"
#include "session.h"

using namespace cellwright;

namespace {

napi_value fail(napi_env env, const std::string& message) {
  napi_throw_error(env, nullptr, message.c_str());
  return nullptr;
}

template <size_t N> bool arguments(napi_env env, napi_callback_info info, napi_value (&values)[N]) {
  size_t n = N;
  return napi_get_cb_info(env, info, &n, values, nullptr, nullptr) == napi_ok && n >= N;
}

// A typed array's data. Null and undefined give none.
template <class T> bool array(napi_env env, napi_value value, napi_typedarray_type type, T*& data, size_t& length) {
  data = nullptr;
  length = 0;
  napi_valuetype t;
  if (napi_typeof(env, value, &t) != napi_ok) return false;
  if (t == napi_null || t == napi_undefined) return true;
  bool is = false;
  napi_typedarray_type actual;
  void* p = nullptr;
  if (napi_is_typedarray(env, value, &is) != napi_ok || !is) return false;
  if (napi_get_typedarray_info(env, value, &actual, &length, &p, nullptr, nullptr) != napi_ok || actual != type) return false;
  data = static_cast<T*>(p);
  return true;
}

constexpr napi_type_tag TAG = {0x63656c6c77726967, 0x68742d73657373};

Session* session(napi_env env, napi_value value) {
  bool ours = false;
  void* p = nullptr;
  if (napi_check_object_type_tag(env, value, &TAG, &ours) != napi_ok || !ours || napi_get_value_external(env, value, &p) != napi_ok) return nullptr;
  return *static_cast<Session**>(p);
}

// The name and the width of a target, the first two arguments of a call.
struct Wanted {
  char name[32];
  int32_t width;
  bool read(napi_env env, const napi_value* values) {
    size_t length;
    return napi_get_value_string_utf8(env, values[0], name, sizeof name, &length) == napi_ok && napi_get_value_int32(env, values[1], &width) == napi_ok;
  }
};

void set_number(napi_env env, napi_value object, const char* name, double number) {
  napi_value v;
  napi_create_double(env, number, &v);
  napi_set_named_property(env, object, name, v);
}

// Sets a typed array with a copy of `count` numbers.
template <class T> void set_array(napi_env env, napi_value object, const char* name, napi_typedarray_type type, const T* numbers, size_t count) {
  void* p = nullptr;
  napi_value buffer, v;
  napi_create_arraybuffer(env, count * sizeof(T), &p, &buffer);
  std::memcpy(p, numbers, count * sizeof(T));
  napi_create_typedarray(env, type, count, buffer, 0, &v);
  napi_set_named_property(env, object, name, v);
}

// targets(): [{ name, width }] that this machine runs, best first.
napi_value list_targets(napi_env env, napi_callback_info) {
  napi_value result, entry, v;
  napi_create_array(env, &result);
  int count = 0;
  const Target* list = targets(count);
  uint32_t n = 0;
  for (int i = 0; i < count; i++) {
    if (!list[i].supported()) continue;
    napi_create_object(env, &entry);
    napi_create_string_utf8(env, list[i].name, NAPI_AUTO_LENGTH, &v);
    napi_set_named_property(env, entry, "name", v);
    napi_create_int32(env, list[i].width, &v);
    napi_set_named_property(env, entry, "width", v);
    napi_set_element(env, result, n++, entry);
  }
  return result;
}

// open(target, width, train | null, evaluate, segments | null, cleared | null, threads, extras): a session. extras: 1 for a second slot of the optimizer, 2 for
// an average of the parameters, 3 for both.
napi_value open(napi_env env, napi_callback_info info) {
  napi_value a[8];
  Wanted target;
  int32_t threads, extras;
  double *words[4];
  size_t sizes[4];
  if (!arguments(env, info, a) || !target.read(env, a))
    return fail(env, "Expected a target and a vector width.");
  for (int i = 0; i < 4; i++)
    if (!array(env, a[2 + i], napi_float64_array, words[i], sizes[i])) return fail(env, "Expected a program as a Float64Array.");
  if (napi_get_value_int32(env, a[6], &threads) != napi_ok || napi_get_value_int32(env, a[7], &extras) != napi_ok) return fail(env, "Expected a number of threads, and extras.");
  std::unique_ptr<Session> s(new Session);
  try {
    const std::string error = s->open(target.name, target.width, words[0], sizes[0], words[1], sizes[1], words[2], sizes[2], words[3], sizes[3], threads, extras);
    if (!error.empty()) return fail(env, error);
  } catch (const std::bad_alloc&) {
    return fail(env, "Expected memory for a session. Received none.");
  } catch (const std::system_error&) {
    return fail(env, "Expected " + std::to_string(threads) + " threads. Received fewer.");
  }
  napi_value result;
  Session** holder = new Session*(s.release());
  const auto release = [](napi_env, void* data, void*) {
    Session** h = static_cast<Session**>(data);
    delete *h;
    delete h;
  };
  if (napi_create_external(env, holder, release, nullptr, &result) != napi_ok) {
    release(env, holder, nullptr);
    return fail(env, "Expected Node to hold a session.");
  }
  napi_type_tag_object(env, result, &TAG);
  return result;
}

// close(session): gives its memory back now.
napi_value close(napi_env env, napi_callback_info info) {
  napi_value a[1];
  void* p;
  if (!arguments(env, info, a)) return nullptr;
  Session* s = session(env, a[0]);
  if (!s) return nullptr;
  if (s->busy) return fail(env, "Expected no step under way.");
  napi_get_value_external(env, a[0], &p);
  delete s;
  *static_cast<Session**>(p) = nullptr;
  return nullptr;
}

Block<float>* area(Session* s, int32_t which) {
  Block<float>* areas[] = {&s->parameters, &s->first, &s->gradients, &s->second, &s->average};
  return which >= 0 && which < 5 ? areas[which] : nullptr;
}

// read(session, which, into): copies parameters (0), the optimizer's first slot (1), gradients (2), its second slot (3) or the average (4). write(session, which, from) the other way.
napi_value copy(napi_env env, napi_callback_info info, bool reads) {
  napi_value a[3];
  int32_t which;
  float* data;
  size_t length;
  if (!arguments(env, info, a)) return fail(env, "Expected three arguments.");
  Session* s = session(env, a[0]);
  if (!s || s->busy) return fail(env, "Expected an open session that is not at work.");
  if (napi_get_value_int32(env, a[1], &which) != napi_ok || !array(env, a[2], napi_float32_array, data, length)) return fail(env, "Expected a Float32Array.");
  Block<float>* b = area(s, which);
  if (!b || b->size != length) return fail(env, "Expected " + std::to_string(b ? b->size : 0) + " values. Received: " + std::to_string(length) + ".");
  if (length == 0) return nullptr;
  if (reads) std::memcpy(data, b->data, length * sizeof(float));
  else std::memcpy(b->data, data, length * sizeof(float));
  return nullptr;
}
napi_value read(napi_env env, napi_callback_info info) { return copy(env, info, true); }
napi_value write(napi_env env, napi_callback_info info) { return copy(env, info, false); }

struct Job {
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
  napi_ref keeps = nullptr;
  Session* session = nullptr;
  Run run = {};
  bool trains = false, averaged = false;
  Part part;
  Update update = {};
  std::unique_ptr<float[]> logits;
  std::unique_ptr<double[]> opTimes;
  std::string error;
};

void execute(napi_env, void* data) {
  Job& j = *static_cast<Job*>(data);
  j.error = j.trains ? j.session->step(j.run, j.session->masks.data, j.session->uploads.data, j.part) : j.session->evaluate(j.run, j.logits.get(), j.averaged);
}

void complete(napi_env env, napi_status status, void* data) {
  std::unique_ptr<Job> j(static_cast<Job*>(data));
  j->session->busy = false;
  napi_value result;
  if (status != napi_ok || !j->error.empty()) {
    napi_value message;
    napi_create_string_utf8(env, j->error.empty() ? "Expected the step to run." : j->error.c_str(), NAPI_AUTO_LENGTH, &message);
    napi_create_error(env, nullptr, message, &result);
    napi_reject_deferred(env, j->deferred, result);
  } else {
    napi_create_object(env, &result);
    set_number(env, result, "loss", j->run.loss);
    set_number(env, result, "correct", (double)j->run.correct);
    if (j->logits) set_array(env, result, "logits", napi_float32_array, j->logits.get(), (size_t)j->run.batch * j->session->classes);
    if (j->opTimes) set_array(env, result, "opNanoseconds", napi_float64_array, j->opTimes.get(), j->session->operations(j->trains));
    napi_resolve_deferred(env, j->deferred, result);
  }
  napi_delete_reference(env, j->keeps);
  napi_delete_async_work(env, j->work);
}

enum Flag : int32_t { Profile = 1, Adds = 2, Moves = 4, Averaged = 8 };

// run(session, images, size, labels | null, targets | null, masks | null, uploads | null, numbers | null, examples, flags): a promise of { loss, correct, logits?,
// opNanoseconds? }. Without masks (an empty array is one): evaluation. numbers: of `Update`; null updates nothing. examples: those of the whole step. flags: Profile
// for the time of every operation of the program, in its order; Adds and Moves as in `Part`; Averaged to evaluate with the average.
napi_value run(napi_env env, napi_callback_info info) {
  napi_value a[10];
  int32_t size, flags;
  double examples;
  float *images, *targets, *masks, *uploads;
  int32_t* labels;
  double* numbers;
  size_t imageCount, labelCount, targetCount, maskCount, uploadCount, numberCount;
  if (!arguments(env, info, a)) return fail(env, "Expected ten arguments.");
  Session* s = session(env, a[0]);
  if (!s || s->busy) return fail(env, "Expected an open session that is not at work.");
  if (!array(env, a[1], napi_float32_array, images, imageCount) || napi_get_value_int32(env, a[2], &size) != napi_ok || !array(env, a[3], napi_int32_array, labels, labelCount) ||
      !array(env, a[4], napi_float32_array, targets, targetCount) || !array(env, a[5], napi_float32_array, masks, maskCount) || !array(env, a[6], napi_float32_array, uploads, uploadCount) ||
      !array(env, a[7], napi_float64_array, numbers, numberCount))
    return fail(env, "Expected arrays of the right types.");
  if (napi_get_value_double(env, a[8], &examples) != napi_ok || !(examples >= 1) || napi_get_value_int32(env, a[9], &flags) != napi_ok) return fail(env, "Expected a number of examples, and flags.");
  const bool profile = flags & Profile;
  if (profile && s->threads() > 1) return fail(env, "Expected a session of one thread to profile.");
  napi_valuetype maskType;
  napi_typeof(env, a[5], &maskType);
  const bool trains = maskType == napi_object;
  if (size < 1 || size > s->batch || imageCount != (size_t)size * s->imageFloats || (labels && labelCount != (size_t)size) || (targets && (!labels || targetCount != (size_t)size * s->classes)))
    return fail(env, "Expected a batch that fits the session.");
  if (trains && (!labels || maskCount != (size_t)s->maskRows * s->batch || uploadCount != (size_t)s->uploadFloats)) return fail(env, "Expected labels and masks that fit the program.");
  std::unique_ptr<Job> j(new Job);
  if (numbers) {
    if (numberCount != UPDATE_NUMBERS) return fail(env, "Expected " + std::to_string(UPDATE_NUMBERS) + " numbers of the optimizer.");
    const std::string error = read_update(numbers, j->update);
    if (!error.empty()) return fail(env, error);
    j->part.update = &j->update;
  }
  j->part.adds = flags & Adds;
  j->part.moves = flags & Moves;
  j->averaged = flags & Averaged;
  std::memcpy(s->images.data, images, imageCount * sizeof(float));
  if (labels) std::memcpy(s->labels.data(), labels, labelCount * sizeof(int32_t));
  if (targets) std::memcpy(s->targets.data, targets, targetCount * sizeof(float));
  if (trains && maskCount) std::memcpy(s->masks.data, masks, maskCount * sizeof(float));
  if (trains && uploadCount) std::memcpy(s->uploads.data, uploads, uploadCount * sizeof(float));
  j->session = s;
  j->run.batch = size;
  j->run.examples = examples;
  j->run.images = s->images.data;
  j->run.targets = targets ? s->targets.data : nullptr;
  j->run.labels = labels ? s->labels.data() : nullptr;
  j->trains = trains;
  if (!trains) j->logits.reset(new float[(size_t)size * s->classes]);
  if (profile) {
    j->opTimes.reset(new double[s->operations(trains)]());
    j->run.opTimes = j->opTimes.get();
  }
  napi_value name, promise;
  napi_create_string_utf8(env, "cellwright:step", NAPI_AUTO_LENGTH, &name);
  if (napi_create_promise(env, &j->deferred, &promise) != napi_ok || napi_create_reference(env, a[0], 1, &j->keeps) != napi_ok ||
      napi_create_async_work(env, nullptr, name, execute, complete, j.get(), &j->work) != napi_ok || napi_queue_async_work(env, j->work) != napi_ok)
    return fail(env, "Expected Node to take work.");
  s->busy = true;
  j.release();
  return promise;
}

// peaks(target, width): { flopsPerSecond, bytesPerSecond } of one core, measured now.
napi_value peaks(napi_env env, napi_callback_info info) {
  napi_value a[2], result;
  Wanted wanted;
  if (!arguments(env, info, a) || !wanted.read(env, a)) return fail(env, "Expected a target and a vector width.");
  const Target* target = find_target(wanted.name, wanted.width);
  if (!target) return fail(env, "Expected a target that this machine has.");
  KernelTable table = {};
  target->fill(table);
  const Peaks found = measure_peaks(table);
  napi_create_object(env, &result);
  set_number(env, result, "flopsPerSecond", found.flopsPerSecond);
  set_number(env, result, "bytesPerSecond", found.bytesPerSecond);
  return result;
}

// bytes(session): what it holds.
napi_value bytes(napi_env env, napi_callback_info info) {
  napi_value a[1], result;
  if (!arguments(env, info, a)) return nullptr;
  Session* s = session(env, a[0]);
  napi_create_double(env, s ? (double)s->bytes() : 0, &result);
  return result;
}

}  // namespace

NAPI_MODULE_INIT() {
  const struct { const char* name; napi_callback f; } list[] = {{"targets", list_targets}, {"open", open}, {"close", close}, {"read", read}, {"write", write}, {"run", run}, {"bytes", bytes}, {"peaks", peaks}};
  for (const auto& e : list) {
    napi_value f;
    napi_create_function(env, e.name, NAPI_AUTO_LENGTH, e.f, nullptr, &f);
    napi_set_named_property(env, exports, e.name, f);
  }
  return exports;
}
