//! Sorting of short lists in little code. The standard library's sort is made for long ones, and adds 4 kB to the page for
//! every type and every key; ours are short, and mostly in order but for what was just added.

/// Sorts a list. Equals stay in their order.
pub fn sort<T: Ord>(list: &mut [T]) {
    sort_by(list, |a, b| a < b);
}

/// Sorts a list by a key. Equals stay in their order.
pub fn sort_by_key<T, K: Ord>(list: &mut [T], key: impl Fn(&T) -> K) {
    sort_by(list, |a, b| key(a) < key(b));
}

/// Sorts a list so that what belongs before something stands before it. Equals stay in their order. Each item is moved down
/// to its place: so many comparisons as the best sorts need, but up to n²/4 exchanges.
pub fn sort_by<T>(list: &mut [T], before: impl Fn(&T, &T) -> bool) {
    for i in 1..list.len() {
        let place = list[..i].partition_point(|x| !before(&list[i], x));
        (place..i).rev().for_each(|j| list.swap(j, j + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        let mut x = 1u32;
        for n in 0..200 {
            let list: Vec<(u32, usize)> = (0..n)
                .map(|i| {
                    x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (x >> 28, i)
                })
                .collect();
            let (mut ours, mut std) = (list.clone(), list);
            sort_by_key(&mut ours, |p| p.0);
            std.sort_by_key(|p| p.0);
            assert_eq!(ours, std);
            ours.reverse();
            sort(&mut ours);
            std.sort();
            assert_eq!(ours, std);
        }
    }
}
