//! One body, three instruction sets.

/// Define a function whose body is compiled for AVX-512, AVX2 and the base instruction set; calls take the
/// widest that the processor has.
macro_rules! dispatch {
    ($(#[$meta:meta])* pub fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$meta])*
        pub fn $name($($arg: $kind),*) $(-> $result)? {
            #[inline(always)]
            fn portable($($arg: $kind),*) $(-> $result)? $body

            #[cfg(all(target_arch = "x86_64", not(miri)))]
            {
                /// # Safety
                /// The processor has these features.
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
                fn avx512($($arg: $kind),*) $(-> $result)? { portable($($arg),*) }

                /// # Safety
                /// As for `avx512`.
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $kind),*) $(-> $result)? { portable($($arg),*) }

                if is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                {
                    // SAFETY: the processor has just said that it has every feature the function enables.
                    return unsafe { avx512($($arg),*) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has just said that it has the feature the function enables.
                    return unsafe { avx2($($arg),*) };
                }
            }
            portable($($arg),*)
        }
    };
}
