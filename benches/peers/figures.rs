//! Draws the results. Only this file uses plotters.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use plotters::coord::ranged1d::SegmentValue;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::measure::{Quantity, Workload, float};
use crate::spread::{Short, Spread};

/// The size of a figure in pixels.
const SIZE: (u32, u32) = (760, 380);

/// The workload for the bar chart of throughput.
const THROUGHPUT: &str = "line-117";

/// Returns the colour of a contender.
fn colour(name: &str) -> RGBColor {
    match name {
        "clh-tee" => RGBColor(31, 119, 180),
        "CLH" => RGBColor(214, 39, 40),
        _ if name.starts_with("clh-tee") => RGBColor(140, 190, 225),
        _ => RGBColor(127, 127, 127),
    }
}

/// How a cost grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
    /// With the number of writers.
    Writers,
    /// With the number of backups.
    Backups,
    /// With the limit, in bytes.
    Limit,
}

/// The texts and scales of a figure.
struct About {
    file: &'static str,
    title: &'static str,
    /// The label of the horizontal axis.
    grows: &'static str,
    /// What its values are divided by.
    unit: f64,
    /// What the vertical axis shows.
    quantity: Quantity,
    /// Where the legend fits.
    room: SeriesLabelPosition,
}

impl Figure {
    /// All figures.
    const ALL: [Self; 3] = [Self::Writers, Self::Backups, Self::Limit];

    fn about(self) -> About {
        match self {
            Self::Writers => About {
                file: "writers.svg",
                title: "Writers of one log, limit 10M: MB/s in all",
                grows: "writers",
                unit: 1.0,
                quantity: Quantity::Rate,
                room: SeriesLabelPosition::MiddleRight,
            },
            Self::Backups => About {
                file: "backups.svg",
                title: "One rotation: microseconds",
                grows: "backups",
                unit: 1.0,
                quantity: Quantity::Rotation,
                room: SeriesLabelPosition::UpperLeft,
            },
            Self::Limit => About {
                file: "limit.svg",
                title: "One writer: MB/s",
                grows: "limit, MiB",
                unit: 1024.0 * 1024.0,
                quantity: Quantity::Rate,
                room: SeriesLabelPosition::LowerRight,
            },
        }
    }
}

/// Draws all figures that have results; returns their paths.
pub(crate) fn draw(dir: &Path, workloads: &[Workload<'_>]) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(dir)?;
    let mut drawn = Vec::new();
    if let Some(workload) = workloads.iter().find(|workload| workload.name == THROUGHPUT) {
        let path = dir.join("throughput.svg");
        draw_bars(&path, workload)
            .map_err(|error| anyhow!("cannot draw '{}': {error}", path.display()))?;
        drawn.push(path);
    }
    for figure in Figure::ALL {
        let (about, curves) = (figure.about(), curves(figure, workloads));
        if !curves.is_empty() {
            let path = dir.join(about.file);
            draw_curves(&path, &about, &curves)
                .map_err(|error| anyhow!("cannot draw '{}': {error}", path.display()))?;
            drawn.push(path);
        }
    }
    Ok(drawn)
}

/// Draws a bar for each contender, the fastest at the top.
fn draw_bars(path: &Path, workload: &Workload<'_>) -> Result<(), Box<dyn Error>> {
    let rate = |samples| Spread::of_quantity(samples, Quantity::Rate);
    let contenders = workload.contenders.iter();
    let mut bars: Vec<(&str, f64)> = contenders
        .filter_map(|contender| Some((&*contender.name, rate(&contender.samples)?.median)))
        .collect();
    bars.sort_by(|one, two| one.1.total_cmp(&two.1));
    let name = |value: &SegmentValue<usize>| match value {
        SegmentValue::CenterOf(index) => bars.get(*index).map_or("", |bar| bar.0).to_owned(),
        _ => String::new(),
    };
    let most = bars.last().map_or(1.0, |bar| bar.1);
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(format!("MB/s: {}", workload.title), ("sans-serif", 18))
        .margin(14)
        .y_label_area_size(150)
        .build_cartesian_2d(0.0..most * 1.12, (0..bars.len()).into_segmented())?;
    chart
        .configure_mesh()
        .disable_mesh()
        .disable_x_axis()
        .axis_style(TRANSPARENT)
        .y_labels(bars.len())
        .y_label_style(("sans-serif", 15))
        .y_label_formatter(&name)
        .draw()?;
    let style =
        ("sans-serif", 14).into_font().color(&BLACK).pos(Pos::new(HPos::Left, VPos::Center));
    for (index, (name, rate)) in bars.iter().enumerate() {
        let corners = [(0.0, SegmentValue::Exact(index)), (*rate, SegmentValue::Exact(index + 1))];
        let mut bar = Rectangle::new(corners, colour(name).filled());
        bar.set_margin(4, 4, 0, 0);
        chart.draw_series([bar])?;
        let place = (*rate + most * 0.01, SegmentValue::CenterOf(index));
        chart.draw_series([Text::new(Short(*rate).to_string(), place, style.clone())])?;
    }
    root.present()?;
    Ok(())
}

/// A contender's results in a figure.
struct Curve<'a> {
    /// The contender's name.
    name: &'a str,
    /// Pairs of what grows and what was measured.
    points: Vec<(f64, f64)>,
}

/// Returns the curves of all contenders in a figure.
fn curves<'a>(figure: Figure, workloads: &'a [Workload<'_>]) -> Vec<Curve<'a>> {
    let About { unit, quantity, .. } = figure.about();
    let mut curves: Vec<Curve<'a>> = Vec::new();
    for workload in workloads {
        let Some((_, x)) = workload.figure.filter(|(other, _)| *other == figure) else { continue };
        for contender in &workload.contenders {
            let Some(spread) = Spread::of_quantity(&contender.samples, quantity) else { continue };
            let (name, point) = (&*contender.name, (float(x) / unit, spread.median));
            match curves.iter_mut().find(|curve| curve.name == name) {
                Some(curve) => curve.points.push(point),
                None => curves.push(Curve { name, points: vec![point] }),
            }
        }
    }
    curves
}

/// Draws curves with logarithmic axes.
fn draw_curves(path: &Path, about: &About, curves: &[Curve<'_>]) -> Result<(), Box<dyn Error>> {
    let all = || curves.iter().flat_map(|curve| &curve.points);
    let span = |values| Spread::of(values).unwrap_or(Spread { median: 1.0, min: 1.0, max: 1.0 });
    let x = span(all().map(|point| point.0).collect::<Vec<_>>());
    let y = span(all().map(|point| point.1).collect::<Vec<_>>());
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption(about.title, ("sans-serif", 18))
        .margin(14)
        .x_label_area_size(38)
        .y_label_area_size(52)
        .build_cartesian_2d(
            (x.min * 0.9..x.max * 1.1).log_scale(),
            (y.min * 0.7..y.max * 1.4).log_scale(),
        )?;
    let number = |value: &f64| value.to_string();
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .x_desc(about.grows)
        .x_label_formatter(&number)
        .y_label_formatter(&number)
        .label_style(("sans-serif", 13))
        .draw()?;
    for Curve { name, points } in curves {
        let style = colour(name).stroke_width(2);
        let dots = points.iter().map(|point| Circle::new(*point, 3, colour(name).filled()));
        chart.draw_series(dots)?;
        chart
            .draw_series(LineSeries::new(points.iter().copied(), style))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(about.room.clone())
        .background_style(WHITE)
        .label_font(("sans-serif", 14))
        .draw()?;
    root.present()?;
    Ok(())
}
