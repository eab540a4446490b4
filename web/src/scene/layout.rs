//! Where everything stands: a pure function of the stage's size and of who is in the cluster.
//!
//! Producers on the left, brokers under each other in the middle with the controller on top, groups on the right.
//! Partitions are columns across all brokers, so that offsets align and a high watermark is one line.

use super::geometry::Rect;

/// Who has to be placed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cast {
    /// Number of brokers.
    pub brokers: usize,
    /// Number of partitions that are shown, at least 1.
    pub partitions: usize,
    /// Number of producers.
    pub producers: usize,
    /// Members of each group.
    pub groups: Vec<usize>,
    /// Groups whose members' cards have more to show: Streams applications.
    pub tall: Vec<bool>,
    /// Are there signs on the stage that want a legend?
    pub legend: bool,
}

/// A partition's column: where its tapes begin and how wide they may be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Column {
    /// Left edge of the first cell.
    pub x: f64,
    /// Width for cells and the LEO label.
    pub w: f64,
}

/// Rows inside a broker's card.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CardRows {
    /// Height of the heading.
    pub head: f64,
    /// Top of the cells, from the top of the card.
    pub cells: f64,
    /// Height of the cells.
    pub cell_h: f64,
    /// Is there room for offsets, epoch stamps and pennants?
    pub roomy: bool,
}

/// A group's box with its members.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupBox {
    /// The dotted box.
    pub rect: Rect,
    /// Members' cards, top to bottom.
    pub members: Vec<Rect>,
}

/// Places on the stage, in CSS pixels.
#[derive(Clone, PartialEq, Debug)]
pub struct Layout {
    /// Width and height of the stage.
    pub size: (f64, f64),
    /// Scale: 1 at a root font of 16 px.
    pub unit: f64,
    /// The controller's strip.
    pub controller: Rect,
    /// Headings of the partitions' columns.
    pub heads: Vec<Rect>,
    /// Columns of the partitions.
    pub columns: Vec<Column>,
    /// Brokers' cards.
    pub brokers: Vec<Rect>,
    /// Rows inside each card.
    pub rows: CardRows,
    /// Producers' cards.
    pub producers: Vec<Rect>,
    /// Groups.
    pub groups: Vec<GroupBox>,
    /// Where signs are explained, if there are such.
    pub legend: Option<Rect>,
    /// Where the tide line ends and its label begins.
    pub tide_foot: f64,
}

/// The narrowest column of a partition that is still readable, in units.
const COLUMN_MIN: f64 = 138.0;
/// A few partitions are better seen together, in columns as narrow as this.
const NARROW: f64 = 92.0;
const FEW: usize = 3;

/// How many of so many partitions are shown side by side on a stage of this width.
pub fn columns_that_fit(width: f64, unit: f64, partitions: usize) -> usize {
    let room = middle(width, unit).1 / unit - 32.0;
    let fit = |least: f64| (room / least).floor().max(1.0) as usize;
    if partitions <= FEW { fit(NARROW) } else { fit(COLUMN_MIN) }
}

/// Left edge and width of the brokers' cards.
fn middle(width: f64, u: f64) -> (f64, f64) {
    let side = side_width(width, u);
    let x = MARGIN * u + side + gap_left(width, u);
    (x, (width - MARGIN * u - side - gap_right(width, u) - x).max(160.0 * u))
}

const MARGIN: f64 = 14.0;
const GAP: f64 = 12.0;
/// Height of the legend.
const LEGEND: f64 = 104.0;

fn narrow(width: f64, u: f64) -> bool {
    width < 820.0 * u
}
fn side_width(width: f64, u: f64) -> f64 {
    if narrow(width, u) { 150.0 * u } else { 164.0 * u }
}
fn gap_left(width: f64, u: f64) -> f64 {
    if narrow(width, u) { 30.0 * u } else { 56.0 * u }
}
fn gap_right(width: f64, u: f64) -> f64 {
    if narrow(width, u) { 58.0 * u } else { 84.0 * u }
}

/// Places everybody.
pub fn layout(size: (f64, f64), unit: f64, cast: &Cast) -> Layout {
    let (u, (w, h)) = (unit, size);
    let (bx, bw) = middle(w, u);
    let controller = Rect { x: bx, y: 12.0 * u, w: bw, h: 36.0 * u };
    let columns = columns(bx, bw, u, cast.partitions.max(1));
    let heads = columns.iter().map(|c| Rect { x: c.x, y: 54.0 * u, w: c.w + 8.0 * u, h: 28.0 * u }).collect();
    let top = 88.0 * u;
    let tide_foot = h - 34.0 * u;
    let brokers = stack(bx, bw, top, tide_foot - 6.0 * u, u, cast.brokers.max(1));
    let rows = card_rows(brokers[0].h, u);
    let (first, last) = (brokers[0].y, brokers[brokers.len() - 1].bottom());
    let side = side_width(w, u);
    let legend = cast.legend.then_some(Rect { x: MARGIN * u, y: h - (LEGEND + 8.0) * u, w: side, h: LEGEND * u });
    let floor = legend.map_or(last, |r| last.min(r.y - GAP * u));
    Layout {
        size,
        unit,
        controller,
        heads,
        columns,
        rows,
        producers: producers(u, side, first, floor, cast.producers),
        legend,
        groups: groups(w - MARGIN * u - side, side, u, (top, h - 10.0 * u), cast),
        brokers,
        tide_foot,
    }
}

fn columns(bx: f64, bw: f64, u: f64, n: usize) -> Vec<Column> {
    let (inner, gap) = (bw - 26.0 * u, 24.0 * u);
    let w = (inner - gap * (n - 1) as f64) / n as f64;
    (0..n).map(|i| Column { x: bx + 13.0 * u + i as f64 * (w + gap), w }).collect()
}

fn stack(x: f64, w: f64, top: f64, bottom: f64, u: f64, n: usize) -> Vec<Rect> {
    let gap = if n > 4 { 8.0 * u } else { GAP * u };
    let h = ((bottom - top - gap * (n - 1) as f64) / n as f64).max(52.0 * u);
    let card = h.min(150.0 * u);
    // What is left over goes between the cards: the tide line is as tall as the stage.
    let gap = if n > 1 { (gap + (h - card)).min(60.0 * u) } else { gap };
    let used = card * n as f64 + gap * (n - 1) as f64;
    let y0 = top + ((bottom - top - used) / 2.0).max(0.0);
    (0..n).map(|i| Rect { x, y: y0 + i as f64 * (card + gap), w, h: card }).collect()
}

fn card_rows(card_h: f64, u: f64) -> CardRows {
    let roomy = card_h >= 108.0 * u;
    let head = if roomy { 38.0 * u } else { 30.0 * u };
    let (above, below) = if roomy { (18.0 * u, 24.0 * u) } else { (2.0 * u, 6.0 * u) };
    CardRows { head, cells: head + above, cell_h: (card_h - head - above - below).clamp(14.0 * u, 66.0 * u), roomy }
}

fn producers(u: f64, w: f64, first: f64, last: f64, n: usize) -> Vec<Rect> {
    if n == 0 {
        return Vec::new();
    }
    let gap = GAP * u;
    let h = ((last - first - gap * (n - 1) as f64) / n as f64).min(226.0 * u);
    let used = h * n as f64 + gap * (n - 1) as f64;
    let y0 = first + (last - first - used) / 2.0;
    (0..n).map(|i| Rect { x: MARGIN * u, y: y0 + i as f64 * (h + gap), w, h }).collect()
}

fn groups(x: f64, w: f64, u: f64, (top, bottom): (f64, f64), cast: &Cast) -> Vec<GroupBox> {
    let sizes = &cast.groups;
    let height = |g: usize| if cast.tall.get(g) == Some(&true) { 1.4 } else { 1.0 };
    let (head, pad, gap) = (70.0 * u, 8.0 * u, 8.0 * u);
    let members: usize = sizes.iter().sum();
    // What is not members' cards: headings, paddings, gaps.
    let fixed = sizes.len() as f64 * (head + pad)
        + (members.saturating_sub(sizes.len())) as f64 * gap
        + sizes.len().saturating_sub(1) as f64 * GAP * u;
    let shares: f64 = sizes.iter().enumerate().map(|(g, n)| *n as f64 * height(g)).sum();
    let share = ((bottom - top - fixed) / shares.max(1.0)).clamp(30.0 * u, 104.0 * u);
    let mut y = top;
    let mut boxes = Vec::new();
    for (g, &n) in sizes.iter().enumerate() {
        let member = (share * height(g)).min(124.0 * u);
        let h = head + pad + n as f64 * member + gap * (n.max(1) - 1) as f64;
        let members = (0..n).map(|i| Rect { x: x + pad, y: y + head + i as f64 * (member + gap), w: w - 2.0 * pad, h: member }).collect();
        boxes.push(GroupBox { rect: Rect { x, y, w, h }, members });
        y += h + GAP * u;
    }
    boxes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast() -> Cast {
        Cast { brokers: 3, partitions: 1, producers: 1, groups: vec![2], tall: Vec::new(), legend: false }
    }

    fn all(l: &Layout) -> Vec<Rect> {
        let mut r = vec![l.controller];
        r.extend(&l.heads);
        r.extend(&l.brokers);
        r.extend(&l.producers);
        r.extend(l.groups.iter().map(|g| g.rect));
        r
    }

    #[test]
    fn nothing_overlaps_and_nothing_is_outside_at_the_sizes_we_promise() {
        for (size, unit) in [((964.0, 524.0), 1.0), ((744.0, 572.0), 1.0), ((1560.0, 850.0), 1.08), ((3000.0, 1800.0), 2.1)] {
            let l = layout(size, unit, &cast());
            let rects = all(&l);
            for (i, a) in rects.iter().enumerate() {
                assert!(a.x >= 0.0 && a.right() <= size.0 && a.bottom() <= size.1, "{size:?} {a:?}");
                for b in &rects[i + 1..] {
                    assert!(!a.overlaps(b), "{size:?}: {a:?} on {b:?}");
                }
            }
        }
    }

    #[test]
    fn several_groups_share_the_height() {
        let l = layout((964.0, 524.0), 1.0, &Cast { groups: vec![2, 1], ..cast() });
        assert!(l.groups.iter().all(|g| g.rect.bottom() <= 524.0), "{:?}", l.groups);
        assert!(!l.groups[0].rect.overlaps(&l.groups[1].rect));
    }

    #[test]
    fn a_streams_application_has_higher_cards_and_nothing_overlaps() {
        let l = layout((964.0, 524.0), 1.0, &Cast { groups: vec![1, 1, 1], tall: vec![true, false, false], ..cast() });
        let heights: Vec<f64> = l.groups.iter().map(|g| g.members[0].h).collect();
        assert!(heights[0] > 1.3 * heights[1] && heights[1] == heights[2], "{heights:?}");
        assert!(l.groups.windows(2).all(|g| !g[0].rect.overlaps(&g[1].rect)) && l.groups[2].rect.bottom() <= 524.0);
    }

    #[test]
    fn a_legend_takes_its_place_from_the_producers() {
        let l = layout((744.0, 572.0), 1.0, &Cast { producers: 3, legend: true, ..cast() });
        let legend = l.legend.unwrap();
        assert!(legend.bottom() <= 572.0 && legend.right() <= l.brokers[0].x);
        assert!(l.producers.iter().all(|p| !p.overlaps(&legend)), "{:?}", l.producers);
    }

    #[test]
    fn cells_stay_inside_their_card() {
        for n in 1..=6 {
            let l = layout((964.0, 524.0), 1.0, &Cast { brokers: n, ..cast() });
            assert!(l.rows.cells + l.rows.cell_h <= l.brokers[0].h, "{n} brokers");
        }
    }

    #[test]
    fn partitions_are_columns_that_share_the_width() {
        let l = layout((1400.0, 700.0), 1.0, &Cast { partitions: 3, ..cast() });
        assert_eq!(l.columns.len(), 3);
        assert!(l.columns[0].x + l.columns[0].w < l.columns[1].x);
        assert!(columns_that_fit(1400.0, 1.0, 10) >= 3);
        assert_eq!([3, 4].map(|n| columns_that_fit(736.0, 1.0, n)), [3, 2], "a lesson's three at 1024 px");
        assert_eq!(columns_that_fit(300.0, 1.0, 10), 1);
    }
}
