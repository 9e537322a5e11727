"""Community registers (居民台账): tables of residents, shown as what they would change, then applied."""
