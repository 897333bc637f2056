//! One source, three builds.

/// Builds a function three times and chooses by its first argument, a [`Simd`](super::Simd).
///
/// The body sees the lanes type under the name given in angle brackets, and may rely on its instructions; loops
/// without it are left to LLVM, which vectorises them for each instruction set. Declared as `unsafe fn`, the
/// function also asks of its callers what its own safety section says.
macro_rules! multiversion {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$lanes:ident>($($arg:ident: $type:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $crate::kernels::simd::multiversion! {
            @build ($(#[$meta])*) ($vis) () $name<$lanes>($($arg: $type),*) ($(-> $ret)?) $body
        }
    };
    ($(#[$meta:meta])* $vis:vis unsafe fn $name:ident<$lanes:ident>($($arg:ident: $type:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $crate::kernels::simd::multiversion! {
            @build ($(#[$meta])*) ($vis) (unsafe) $name<$lanes>($($arg: $type),*) ($(-> $ret)?) $body
        }
    };
    (@build ($(#[$meta:meta])*) ($vis:vis) ($($safety:tt)?) $name:ident<$lanes:ident>($($arg:ident: $type:ty),*) ($(-> $ret:ty)?) $body:block) => {
        $(#[$meta])*
        #[allow(clippy::too_many_arguments, reason = "a kernel takes its sizes one by one")]
        $vis $($safety)? fn $name(simd: $crate::kernels::simd::Simd, $($arg: $type),*) $(-> $ret)? {
            /// # Safety
            /// The processor has the instructions of the lanes, and the caller keeps what the function asks for.
            #[inline(always)]
            #[allow(clippy::extra_unused_type_parameters, reason = "loops may be left to LLVM")]
            unsafe fn body<$lanes: $crate::kernels::simd::Lanes>($($arg: $type),*) $(-> $ret)? $body
            /// # Safety
            /// As for `body`.
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
            unsafe fn avx512($($arg: $type),*) $(-> $ret)? {
                // SAFETY: these lanes' instructions are enabled here; the rest is the caller's promise.
                unsafe { body::<$crate::kernels::simd::Avx512>($($arg),*) }
            }
            /// # Safety
            /// As for `body`.
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2($($arg: $type),*) $(-> $ret)? {
                // SAFETY: as in `avx512`.
                unsafe { body::<$crate::kernels::simd::Avx2>($($arg),*) }
            }
            match simd.level() {
                // SAFETY: a `Simd` of this level exists only where the processor has these features; what else
                // the function asks for, its caller promised.
                #[cfg(target_arch = "x86_64")]
                $crate::kernels::simd::Level::Avx512 => unsafe { avx512($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::kernels::simd::Level::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: portable lanes need no instructions; the rest as above.
                _ => unsafe { body::<$crate::kernels::simd::Portable>($($arg),*) },
            }
        }
    };
}
pub(crate) use multiversion;
