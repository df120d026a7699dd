// As much of CUDA as the kernels use, on a CPU: a thread a unit, and barriers between them.
//
// Matrices are whole in every unit of a plane: loading reads all of one, and multiplying multiplies all
// of it, so that the result is what the hardware's is, whichever unit has which part there. Only the
// first unit stores. Planes do not run in step: what lacks a barrier goes wrong here sooner than there.
#pragma once
#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#define __global__
#define __shared__
#define __launch_bounds__(units)
#define __align__(bytes) __attribute__((aligned(bytes)))

using std::max;
using std::min;

struct Place {
    unsigned x, y, z;
};
static thread_local Place threadIdx, blockIdx;
static Place blockDim, gridDim;
constexpr unsigned warpSize = PLANE;
alignas(1024) unsigned char dynamic_shared_mem[48 << 10];

struct Plane {
    std::barrier<> barrier{warpSize};
    float values[warpSize];
};
static std::unique_ptr<std::barrier<>> cube_barrier;
static std::vector<std::unique_ptr<Plane>> planes;

static unsigned unit() { return threadIdx.x + threadIdx.y * blockDim.x; }
static Plane &plane() { return *planes[unit() / warpSize]; }
static void __syncthreads() { cube_barrier->arrive_and_wait(); }
static void __syncwarp() { plane().barrier.arrive_and_wait(); }

static float __shfl_xor_sync(unsigned, float value, unsigned mask) {
    Plane &own = plane();
    own.values[unit() % warpSize] = value;
    __syncwarp();
    float other = own.values[unit() % warpSize ^ mask];
    __syncwarp();
    return other;
}
static bool __any_sync(unsigned, bool value) {
    Plane &own = plane();
    own.values[unit() % warpSize] = value;
    __syncwarp();
    bool any = std::any_of(own.values, own.values + warpSize, [](float is) { return is != 0; });
    __syncwarp();
    return any;
}

struct __half {
    _Float16 value;
    __half() = default;
    __half(float x) : value(static_cast<_Float16>(x)) {}
    __half(double x) : value(static_cast<_Float16>(x)) {}
    operator float() const { return value; }
};
struct __nv_bfloat16 {
    uint16_t bits;
    __nv_bfloat16() = default;
    __nv_bfloat16(float x) {
        uint32_t all;
        std::memcpy(&all, &x, sizeof all);
        bits = (all + 0x7fff + (all >> 16 & 1)) >> 16; // To nearest, ties to even; not for NaN.
    }
    __nv_bfloat16(double x) : __nv_bfloat16(static_cast<float>(x)) {}
    operator float() const {
        uint32_t all = static_cast<uint32_t>(bits) << 16;
        float x;
        std::memcpy(&x, &all, sizeof x);
        return x;
    }
};
struct __half2 {
    __half x, y;
};
struct __nv_bfloat162 {
    __nv_bfloat16 x, y;
};

namespace nvcuda::wmma {
struct matrix_a {};
struct matrix_b {};
struct accumulator {};
struct row_major {};
struct col_major {};
enum layout_t { mem_row_major, mem_col_major };

template <class Use, int M, int N, int K, class T, class Layout = void> struct fragment {
    float x[16][16];
};
template <class F> void fill_fragment(F &to, float value) {
    for (auto &row : to.x) std::fill(row, row + 16, value);
}
template <class F, class T> void read(F &to, const T *from, unsigned stride, bool by_rows) {
    // What the hardware asks for: 32 bytes of alignment, rows of whole 16 bytes.
    if (reinterpret_cast<uintptr_t>(from) % 32 || stride * sizeof(T) % 16) {
        std::fprintf(stderr, "a matrix is not aligned\n");
        std::abort();
    }
    for (unsigned r = 0; r < 16; r++)
        for (unsigned c = 0; c < 16; c++) to.x[r][c] = from[by_rows ? r * stride + c : c * stride + r];
}
template <class Use, class T, class E>
void load_matrix_sync(fragment<Use, 16, 16, 16, T, row_major> &to, const E *from, unsigned stride) {
    read(to, from, stride, true);
}
template <class Use, class T, class E>
void load_matrix_sync(fragment<Use, 16, 16, 16, T, col_major> &to, const E *from, unsigned stride) {
    read(to, from, stride, false);
}
template <class F, class T>
void load_matrix_sync(F &to, const T *from, unsigned stride, layout_t layout) {
    read(to, from, stride, layout == mem_row_major);
}
template <class D, class A, class B, class C>
void mma_sync(D &to, const A &a, const B &b, const C &c) {
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++) {
            float sum = c.x[i][j];
            for (int k = 0; k < 16; k++) sum += a.x[i][k] * b.x[k][j];
            to.x[i][j] = sum;
        }
}
template <class T, class F>
void store_matrix_sync(T *to, const F &from, unsigned stride, layout_t layout) {
    if (unit() % warpSize) return;
    for (unsigned r = 0; r < 16; r++)
        for (unsigned c = 0; c < 16; c++)
            to[layout == mem_row_major ? r * stride + c : c * stride + r] = from.x[r][c];
}
} // namespace nvcuda::wmma

template <class... A, size_t... I>
void call(void (*kernel)(A...), std::vector<std::vector<char>> &buffers, std::index_sequence<I...>) {
    kernel(reinterpret_cast<A>(buffers[I].data())...);
}

static void must(bool done) {
    if (!done) std::exit(2);
}
static unsigned number() {
    uint32_t n;
    must(std::fread(&n, sizeof n, 1, stdin) == 1);
    return n;
}

// Reads cubes, units of a cube and buffers, runs a kernel, and writes the buffers.
template <class... A> int run(void (*kernel)(A...)) {
    gridDim = {number(), number(), number()};
    blockDim = {number(), number(), 1};
    std::vector<std::vector<char>> buffers(number());
    must(buffers.size() == sizeof...(A));
    for (auto &buffer : buffers) {
        buffer.resize(number());
        must(std::fread(buffer.data(), 1, buffer.size(), stdin) == buffer.size());
    }
    unsigned units = blockDim.x * blockDim.y;
    cube_barrier = std::make_unique<std::barrier<>>(units);
    for (unsigned i = 0; i < units / warpSize; i++) planes.push_back(std::make_unique<Plane>());
    std::vector<std::thread> threads;
    for (unsigned u = 0; u < units; u++)
        threads.emplace_back([&, u] {
            threadIdx = {u % blockDim.x, u / blockDim.x, 0};
            for (unsigned cube = 0; cube < gridDim.x * gridDim.y * gridDim.z; cube++) {
                blockIdx = {cube % gridDim.x, cube / gridDim.x % gridDim.y,
                            cube / gridDim.x / gridDim.y};
                call(kernel, buffers, std::index_sequence_for<A...>{});
                __syncthreads();
                // Shared memory is anything when a cube begins: not a number, most of all.
                if (u == 0) std::memset(dynamic_shared_mem, 0xff, sizeof dynamic_shared_mem);
                __syncthreads();
            }
        });
    for (auto &thread : threads) thread.join();
    for (auto &buffer : buffers)
        must(std::fwrite(buffer.data(), 1, buffer.size(), stdout) == buffer.size());
    return 0;
}
