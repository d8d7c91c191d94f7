use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "interaction_days")]
pub(in crate::store) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) kind: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) day: DateTimeWithTimeZone,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(in crate::store) document_id: Uuid,
    pub(in crate::store) interactions: i64,
    pub(in crate::store) quantity: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(in crate::store) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
