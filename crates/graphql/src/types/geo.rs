use async_graphql::InputObject;

use crate::failure::Failure;
use quarry_search::{GeoBox, Point};

/// The largest radius: half of the Earth's circumference.
const MAX_METERS: f64 = 20_040_000.0;

/// A point on Earth.
#[derive(Clone, Copy, Debug, InputObject)]
pub(crate) struct GeoPoint {
    /// The latitude in degrees: -90 to 90.
    latitude: f64,
    /// The longitude in degrees: -180 to 180.
    longitude: f64,
}

/// A circle on Earth.
#[derive(Clone, Copy, Debug, InputObject)]
pub(crate) struct GeoCircle {
    /// The latitude of the center in degrees: -90 to 90.
    latitude: f64,
    /// The longitude of the center in degrees: -180 to 180.
    longitude: f64,
    /// The radius in meters.
    meters: f64,
}

/// An area on Earth between two parallels and two meridians; it contains the 180th meridian if `west` exceeds `east`.
#[derive(Clone, Copy, Debug, InputObject)]
pub(crate) struct GeoArea {
    /// The smallest latitude in degrees.
    south: f64,
    /// The western longitude in degrees.
    west: f64,
    /// The largest latitude in degrees.
    north: f64,
    /// The eastern longitude in degrees.
    east: f64,
}

impl GeoPoint {
    pub(super) fn checked(self, path: &str) -> Result<Point, Failure> {
        point(path, self.latitude, self.longitude)
    }
}

impl GeoCircle {
    /// Returns center and radius.
    pub(super) fn checked(self, path: &str) -> Result<(Point, f64), Failure> {
        let center = point(path, self.latitude, self.longitude)?;
        if !(0.0..=MAX_METERS).contains(&self.meters) {
            let problem = format_args!("must be from 0 to {MAX_METERS}");
            return Err(Failure::bad_input(format!("{path}.meters"), problem));
        }
        Ok((center, self.meters))
    }
}

impl GeoArea {
    pub(super) fn checked(self, path: &str) -> Result<GeoBox, Failure> {
        let south_west = point(path, self.south, self.west)?;
        let north_east = point(path, self.north, self.east)?;
        if self.south > self.north {
            return Err(Failure::bad_input(format!("{path}.south"), "is north of `north`: exchange them"));
        }
        Ok(GeoBox { south_west, north_east })
    }
}

fn point(path: &str, latitude: f64, longitude: f64) -> Result<Point, Failure> {
    Point::new(latitude, longitude).ok_or_else(|| {
        Failure::bad_input(
            path,
            "has degrees out of range: latitudes go from -90 to 90, longitudes from -180 to 180",
        )
    })
}
